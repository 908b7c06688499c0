import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** Writes a C file that compiles if the structs of this example are those of the header: {@code java Layout.java FILE}. */
final class Layout {
    public static void main(String[] arguments) throws IOException {
        Stream<String> assertions = Arrays.stream(Struct.values()).flatMap(Struct::assertions);
        Path file = Path.of(arguments[0]);
        Files.write(file, Stream.concat(Stream.of("#include <remotemedia.h>"), assertions).toList());
    }
}
