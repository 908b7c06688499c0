import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A node in Java, beside one that is built in, with what the JDK has for calling C:
 *
 * <pre>
 *     a tone, 48 kHz  ->  Gain  ->  FastResampleNode  ->  16 kHz
 *
 *     java -Dremotemedia.library=libremotemedia.so.0 --enable-native-access=ALL-UNNAMED Main.java GAIN
 * </pre>
 */
final class Main {
    private static final int RATE = 48_000, BLOCK = 960, BLOCKS = 50;

    public static void main(String[] arguments) {
        Gain gain = new Gain(Float.parseFloat(arguments[0]));
        try (Arena arena = Arena.ofShared()) { // the node is called on other threads
            MemorySegment config = Struct.RUNTIME_CONFIG.allocate(arena);
            Struct.RUNTIME_CONFIG.set(config, "abi_version", RemoteMedia.ABI_VERSION);
            long runtime = RemoteMedia.make(RemoteMedia.RUNTIME_NEW, config);
            try {
                long session = open(arena, runtime, gain.toNode(arena));
                run(session);
                RemoteMedia.check(RemoteMedia.SESSION_FREE, session);
            } finally {
                RemoteMedia.check(RemoteMedia.RUNTIME_FREE, runtime); // no thread calls the node any more
            }
        } catch (RemoteMedia.Failure failure) {
            System.err.println(failure.getMessage());
            System.exit(1);
        }
    }

    private static long open(Arena arena, long runtime, long node) {
        long pipeline = RemoteMedia.make(RemoteMedia.PIPELINE_NEW, runtime);
        MemorySegment gain = RemoteMedia.text(arena, "gain");
        MemorySegment resample = RemoteMedia.text(arena, "resample");
        MemorySegment type = RemoteMedia.text(arena, "FastResampleNode");
        MemorySegment parameters = RemoteMedia.text(arena, "{\"target_rate\": 16000}");
        RemoteMedia.check(RemoteMedia.PIPELINE_ADD_NODE, pipeline, gain, gain.byteSize(), node);
        RemoteMedia.check(RemoteMedia.PIPELINE_ADD_TYPE, pipeline, resample, resample.byteSize(), type, type.byteSize(),
                parameters, parameters.byteSize());
        RemoteMedia.check(RemoteMedia.PIPELINE_CONNECT, pipeline, gain, gain.byteSize(), resample, resample.byteSize(),
                MemorySegment.NULL);
        long session = RemoteMedia.make(RemoteMedia.SESSION_OPEN, pipeline, Struct.SESSION_CONFIG.allocate(arena));
        RemoteMedia.check(RemoteMedia.PIPELINE_FREE, pipeline); // the session keeps what it needs
        RemoteMedia.check(RemoteMedia.NODE_FREE, node);
        return session;
    }

    private static void run(long session) {
        Level level = new Level();
        for (int block = 0; block < BLOCKS; block++) {
            push(session, block);
            drain(session, 0, level);
        }
        RemoteMedia.check(RemoteMedia.SESSION_END, session);
        drain(session, 10 * RemoteMedia.SECOND, level);
        System.out.println("%d Hz, %d frames, peak %.3f".formatted(level.rate, level.frames, level.peak));
    }

    private static void push(long session, int block) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment samples = arena.allocate(JAVA_FLOAT, BLOCK);
            for (int i = 0; i < BLOCK; i++) {
                double time = (double) (block * BLOCK + i) / RATE;
                samples.setAtIndex(JAVA_FLOAT, i, (float) (0.5 * Math.sin(2 * Math.PI * 440 * time)));
            }
            MemorySegment packet = Struct.PACKET.allocate(arena);
            Struct.PACKET.set(packet, "kind", RemoteMedia.KIND_AUDIO);
            Struct.PACKET.set(packet, "pts", block * BLOCK * RemoteMedia.SECOND / RATE);
            Struct.PACKET.set(packet, "duration", BLOCK * RemoteMedia.SECOND / RATE);
            Struct.PACKET.set(packet, "data", samples); // without a buffer, so copied
            Struct.PACKET.set(packet, "size", samples.byteSize());
            Struct.PACKET.set(packet, "sample_rate", RATE);
            Struct.PACKET.set(packet, "channels", 1);
            RemoteMedia.check(RemoteMedia.SESSION_PUSH, session, packet, 10 * RemoteMedia.SECOND);
        }
    }

    /** Takes every output there is, waiting for each as long as {@code timeout}. */
    private static void drain(long session, long timeout, Level level) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment packet = Struct.PACKET.allocate(arena);
            while (RemoteMedia.check(RemoteMedia.SESSION_PULL, session, packet, timeout) != RemoteMedia.END) {
                level.add(packet);
                RemoteMedia.check(RemoteMedia.BUFFER_FREE, Struct.PACKET.get(packet, "buffer")); // the data lies in it
            }
        } catch (RemoteMedia.Failure failure) {
            if (failure.status != RemoteMedia.ERROR_TIMEOUT || timeout > 0) {
                throw failure;
            }
        }
    }

    private static final class Level {
        private int rate;
        private long frames;
        private float peak;

        void add(MemorySegment packet) {
            MemorySegment samples = RemoteMedia.data(packet);
            rate = (int) Struct.PACKET.get(packet, "sample_rate");
            frames += samples.byteSize() / Float.BYTES; // of one channel
            for (long i = 0; i < samples.byteSize() / Float.BYTES; i++) {
                peak = Math.max(peak, Math.abs(samples.getAtIndex(JAVA_FLOAT, i)));
            }
        }
    }
}
