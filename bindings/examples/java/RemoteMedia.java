import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** As much of remotemedia.h as the example needs. The system property "remotemedia.library" says where the library is. */
final class RemoteMedia {
    static final int END = 3, ERROR_NODE = -200, ERROR_TIMEOUT = -101, ABI_VERSION = 1, KIND_AUDIO = 1;
    static final long SECOND = 1_000_000_000;

    private static final SymbolLookup SYMBOLS =
            SymbolLookup.libraryLookup(Path.of(System.getProperty("remotemedia.library")), Arena.global());

    static final MethodHandle RUNTIME_NEW = function("rm_runtime_new", ADDRESS, ADDRESS);
    static final MethodHandle RUNTIME_FREE = function("rm_runtime_free", JAVA_LONG);
    static final MethodHandle NODE_NEW = function("rm_node_new", JAVA_LONG, ADDRESS, ADDRESS);
    static final MethodHandle NODE_FREE = function("rm_node_free", JAVA_LONG);
    static final MethodHandle PIPELINE_NEW = function("rm_pipeline_new", JAVA_LONG, ADDRESS);
    static final MethodHandle PIPELINE_ADD_NODE =
            function("rm_pipeline_add_node", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle PIPELINE_ADD_TYPE = function("rm_pipeline_add_type", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS,
            JAVA_LONG, ADDRESS, JAVA_LONG);
    static final MethodHandle PIPELINE_CONNECT =
            function("rm_pipeline_connect", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    static final MethodHandle PIPELINE_FREE = function("rm_pipeline_free", JAVA_LONG);
    static final MethodHandle SESSION_OPEN = function("rm_session_open", JAVA_LONG, ADDRESS, ADDRESS);
    static final MethodHandle SESSION_PUSH = function("rm_session_push", JAVA_LONG, ADDRESS, JAVA_LONG);
    static final MethodHandle SESSION_PULL = function("rm_session_pull", JAVA_LONG, ADDRESS, JAVA_LONG);
    static final MethodHandle SESSION_END = function("rm_session_end", JAVA_LONG);
    static final MethodHandle SESSION_FREE = function("rm_session_free", JAVA_LONG);
    static final MethodHandle BUFFER_FREE = function("rm_buffer_free", JAVA_LONG);
    static final MethodHandle CALL_EMIT = function("rm_call_emit", ADDRESS);
    private static final MethodHandle CALL_FAIL = function("rm_call_fail", ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle LAST_ERROR = function("rm_last_error", ADDRESS, JAVA_LONG, ADDRESS);

    /** A call of the library that failed. */
    static final class Failure extends RuntimeException {
        final int status;

        private Failure(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    /** Calls a function; a failure becomes an exception with the library's message. */
    static int check(MethodHandle function, Object... arguments) {
        int status = call(function, arguments);
        if (status < 0) {
            throw new Failure(status, lastError());
        }
        return status;
    }

    /** Calls a function that makes something, and answers the handle. */
    static long make(MethodHandle function, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(JAVA_LONG);
            Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
            all[arguments.length] = handle;
            check(function, all);
            return handle.get(JAVA_LONG, 0);
        }
    }

    /** Inside a callback: says why it fails, and answers what the callback is to answer then. */
    static int fail(Throwable error) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = text(arena, error.toString());
            call(CALL_FAIL, message, message.byteSize(), MemorySegment.NULL);
        }
        return ERROR_NODE;
    }

    /** The payload of a packet. */
    static MemorySegment data(MemorySegment packet) {
        MemorySegment data = (MemorySegment) Struct.PACKET.get(packet, "data");
        return data.reinterpret((long) Struct.PACKET.get(packet, "size"));
    }

    /** A text as the library has it: its bytes in UTF-8, and no end but their number. */
    static MemorySegment text(Arena arena, String text) {
        return arena.allocateFrom(JAVA_BYTE, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The message of the last call that failed on this thread. */
    private static String lastError() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(1024);
            MemorySegment length = arena.allocate(JAVA_LONG);
            call(LAST_ERROR, message, message.byteSize(), length);
            long size = Math.min(length.get(JAVA_LONG, 0), message.byteSize());
            return new String(message.asSlice(0, size).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable error) {
            throw new AssertionError(error); // arguments that the function does not take: a mistake of this program
        }
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
        MemorySegment symbol = SYMBOLS.find(name).orElseThrow(() -> new UnsatisfiedLinkError(name));
        return Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    private RemoteMedia() {}
}
