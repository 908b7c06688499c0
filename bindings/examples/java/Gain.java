import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** A node in Java: louder or softer. It is called on threads of the library's, which the virtual machine makes its own. */
final class Gain {
    private final float gain;

    Gain(float gain) {
        this.gain = gain;
    }

    /** Makes a node of this object, which lives as long as the arena; that must be closed after the runtime. */
    long toNode(Arena arena) {
        MemorySegment callbacks = Struct.NODE_CALLBACKS.allocate(arena);
        Struct.NODE_CALLBACKS.set(callbacks, "process", stub(arena));
        Struct.NODE_CALLBACKS.set(callbacks, "accepts", 1 << RemoteMedia.KIND_AUDIO);
        Struct.NODE_CALLBACKS.set(callbacks, "emits", 1 << RemoteMedia.KIND_AUDIO);
        return RemoteMedia.make(RemoteMedia.NODE_NEW, 0L, callbacks);
    }

    /** A C function that calls this very object, so that no user_data is needed. */
    private MemorySegment stub(Arena arena) {
        try {
            MethodType type = MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class);
            MethodHandle method = MethodHandles.lookup().bind(this, "call", type);
            return Linker.nativeLinker().upcallStub(method, FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), arena);
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }

    /** An exception that left this method would end the virtual machine. */
    private int call(MemorySegment userData, MemorySegment packet) {
        try {
            process(packet.reinterpret(Struct.PACKET.layout.byteSize()));
            return 0;
        } catch (Throwable error) {
            return RemoteMedia.fail(error);
        }
    }

    private void process(MemorySegment packet) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment samples = RemoteMedia.data(packet); // borrowed until this method returns
            MemorySegment scaled = arena.allocate(samples.byteSize());
            for (long i = 0; i < samples.byteSize() / Float.BYTES; i++) {
                float sample = samples.getAtIndex(JAVA_FLOAT, i) * gain;
                if (Math.abs(sample) > 1) {
                    throw new ArithmeticException("a sample of %.2f would clip; lower the gain".formatted(sample));
                }
                scaled.setAtIndex(JAVA_FLOAT, i, sample);
            }
            MemorySegment output = arena.allocate(Struct.PACKET.layout).copyFrom(packet); // the same time and format
            Struct.PACKET.set(output, "data", scaled); // without a buffer, so copied
            RemoteMedia.check(RemoteMedia.CALL_EMIT, output);
        }
    }
}
