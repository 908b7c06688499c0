import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.stream.Stream;

/** The structs of remotemedia.h that the example needs, on machines where a pointer has 64 bits. */
enum Struct {
    RUNTIME_CONFIG("rm_runtime_config", number("struct_size"), number("abi_version"), number("threads"),
            number("reserved"), pointer("worker"), wide("worker_size"), pointer("hooks")),
    NODE_CALLBACKS("rm_node_callbacks", number("struct_size"), number("flags"), pointer("user_data"), pointer("destroy"),
            pointer("initialize"), pointer("process"), pointer("resume"), pointer("flush"), pointer("cleanup"),
            number("accepts"), number("emits"), pointer("process_object"), pointer("resume_object"), pointer("inputs"),
            wide("inputs_size"), pointer("outputs"), wide("outputs_size"), wide("match_tolerance")),
    SESSION_CONFIG("rm_session_config", number("struct_size"), number("on_error"), number("capacity"), number("flags"),
            wide("tag"), wide("input"), wide("output"), wide("host"), pointer("user_data"), pointer("on_event"),
            wide("stall"), number("policy"), number("trace"), wide("caller"), wide("linger")),
    PACKET("rm_packet", number("struct_size"), number("kind"), wide("pts"), wide("duration"), wide("index"),
            pointer("data"), wide("size"), wide("buffer"), pointer("object"), wide("host"), number("sample_rate"),
            number("channels"), pointer("metadata"), wide("metadata_size"), number("port"), number("reserved"));

    final StructLayout layout;

    Struct(String name, MemoryLayout... fields) {
        layout = MemoryLayout.structLayout(fields).withName(name);
    }

    private static MemoryLayout number(String name) {
        return JAVA_INT.withName(name);
    }

    /** Sizes, times and handles. */
    private static MemoryLayout wide(String name) {
        return JAVA_LONG.withName(name);
    }

    private static MemoryLayout pointer(String name) {
        return ADDRESS.withName(name);
    }

    /** A struct of zeros that says how large it is. */
    MemorySegment allocate(Arena arena) {
        MemorySegment struct = arena.allocate(layout);
        set(struct, "struct_size", (int) layout.byteSize());
        return struct;
    }

    void set(MemorySegment struct, String field, Object value) {
        layout.varHandle(PathElement.groupElement(field)).set(struct, 0L, value);
    }

    Object get(MemorySegment struct, String field) {
        return layout.varHandle(PathElement.groupElement(field)).get(struct, 0L);
    }

    /** C that compiles if the header has these fields at these places. */
    Stream<String> assertions() {
        String name = layout.name().orElseThrow();
        String size = "_Static_assert(sizeof(%s) >= %d, \"%s\");".formatted(name, layout.byteSize(), name);
        Stream<String> fields = layout.memberLayouts().stream().map(field -> {
            String of = field.name().orElseThrow();
            long offset = layout.byteOffset(PathElement.groupElement(of));
            return "_Static_assert(offsetof(%1$s, %2$s) == %3$d && sizeof(((%1$s *)0)->%2$s) == %4$d, \"%1$s.%2$s\");"
                    .formatted(name, of, offset, field.byteSize());
        });
        return Stream.concat(Stream.of(size), fields);
    }
}
