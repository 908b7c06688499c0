// Packets: what they say, what they are made of, and what is refused.

#include "check.hpp"

#include <array>
#include <vector>

static void a_packet_says_what_it_has()
{
    const rm::PacketView packet = rm::text("words");
    CHECK(packet.kind() == rm::Kind::text);
    CHECK_EQUAL(packet.text(), "words");
    CHECK(!packet.pts() && !packet.duration() && !packet.index());
    CHECK(packet.metadata().empty());
    CHECK_EQUAL(packet.port(), 0u);
    const rm::PacketView other = packet.with_pts(2ms).with_duration(-1ns).with_port(3).with_metadata("{}");
    CHECK(other.pts() == 2ms && other.duration() == -1ns && other.port() == 3u);
    CHECK_EQUAL(other.metadata(), "{}");
    CHECK_EQUAL(other.text(), "words");
    CHECK(!packet.pts()); // as it was
}

static void audio_is_planes_of_samples()
{
    const std::array<float, 6> samples = {1, 2, 3, -1, -2, -3};
    const rm::PacketView packet = rm::audio(samples, 48000, 2);
    CHECK(packet.sample_rate() == 48000u && packet.channels() == 2u && packet.frames() == 3u);
    CHECK_EQUAL(packet.plane(1).size(), 3u);
    CHECK_EQUAL(packet.plane(1)[2], -3.0f);
    CHECK(packet.samples().data() == samples.data());
    const auto error = THROWN(rm::Error, packet.plane(2));
    CHECK_EQUAL(error.status(), RM_ERR_ARGUMENT);
    CHECK_SAYS(error.what(), "no channel 2 among 2");
}

static void what_is_not_there_is_refused()
{
    const rm::PacketView packet = rm::json("{}");
    CHECK_EQUAL(THROWN(rm::Error, packet.text()).status(), RM_ERR_INPUT);
    CHECK_SAYS(THROWN(rm::Error, packet.text()).what(), "expected text, got json");
    CHECK_SAYS(THROWN(rm::Error, packet.bytes()).what(), "expected bytes, got json");
    CHECK_SAYS(THROWN(rm::Error, packet.samples()).what(), "expected audio, got json");
    CHECK_SAYS(THROWN(rm::Error, packet.frames()).what(), "expected audio, got json");
    CHECK_SAYS(THROWN(rm::Error, packet.failure()).what(), "expected a failure, got json");
    CHECK_SAYS(THROWN(rm::Error, rm::text("").json()).what(), "expected json, got text");
}

static void everything_comes_out_as_it_went_in(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    const std::vector<std::uint16_t> numbers = {1, 2, 515};
    session.push(rm::bytes(rm::as_bytes(numbers)).with_pts(1s).with_duration(2s).with_metadata(R"({"a": "\u00e9"})"));
    auto output = session.pull(patience);
    CHECK(output);
    CHECK_EQUAL(output->bytes().size(), 6u);
    CHECK(std::equal(output->bytes().begin(), output->bytes().end(), rm::as_bytes(numbers).begin()));
    CHECK(output->pts() == 1s && output->duration() == 2s && output->index() == 0u);
    CHECK_EQUAL(output->metadata(), "{\"a\":\"\xc3\xa9\"}");
    const std::vector<float> samples(480, 0.5f);
    session.push(rm::audio(samples, 48000, 1));
    output = session.pull(patience);
    CHECK(output && output->kind() == rm::Kind::audio && output->frames() == 480 && output->plane(0)[479] == 0.5f);
    CHECK(output->duration() == 10ms && output->index() == 1u && !output->pts());
    session.push(rm::text({}));
    expect(session, "");
    finish(session);
}

static void what_makes_no_sense_is_refused(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    const float samples[3] = {};
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::text("\xff"))).status(), RM_ERR_UTF8);
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::json("{"))).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::audio(samples, 48000, 2))).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::text("").with_metadata("[]"))).status(), RM_ERR_ARGUMENT);
    finish(session);
}

static void an_output_is_changed_in_place(rm::Runtime &runtime)
{
    const std::string words = "abc";
    rm::Session session = open(runtime, pass);
    for (const std::string_view metadata : {"", R"({"a":1})"}) {
        session.push(rm::bytes(rm::as_bytes(words)).with_metadata(metadata));
        auto output = session.pull(patience);
        CHECK(output && output->metadata() == metadata);
        const auto bytes = output->write();
        CHECK(bytes.data() == output->bytes().data() && bytes.size() == 3);
        bytes[0] = std::byte{'x'};
        session.push(*output);
        CHECK_EQUAL(THROWN(rm::Error, output->write()).status(), RM_ERR_STATE);
        auto again = session.pull(patience);
        CHECK(again && again->bytes()[0] == std::byte{'x'} && again->metadata() == metadata);
        CHECK(again->bytes().data() == bytes.data() || !metadata.empty()); // data and metadata are pulled as one
    }
    session.push(rm::bytes(rm::Span<const std::byte>()));
    auto empty = session.pull(patience);
    CHECK(empty && empty->write().empty());
    finish(session);
}

static void a_failure_is_an_output(rm::Runtime &runtime)
{
    const auto fail = [](rm::PacketView, rm::Call &) { throw rm::Error(RM_ERR_INPUT, "no \"good\""); };
    for (const std::string id : {"a", "\"\\\b\f\n\r\t\x01\x1f", "\xc3\xa9\",\"status\":1"}) {
        rm::Pipeline pipeline(runtime);
        pipeline.add(id, rm::NodeHandle(fail));
        rm::SessionOptions options;
        options.on_error = rm::OnError::collect;
        rm::Session session(pipeline, options);
        session.push(rm::text("x").with_pts(3ns));
        auto output = session.pull(patience);
        CHECK(output && output->kind() == rm::Kind::failure);
        const rm::Failure failure = output->failure();
        CHECK_EQUAL(failure.node, id);
        CHECK_EQUAL(failure.status, RM_ERR_INPUT);
        CHECK_EQUAL(failure.reason, "no \"good\"");
        CHECK(failure.index == 0u && failure.pts == 3ns);
        CHECK_EQUAL(THROWN(rm::Error, session.push(*output)).status(), RM_ERR_ARGUMENT);
        finish(session);
    }
}

int main()
{
    RUN(a_packet_says_what_it_has);
    RUN(audio_is_planes_of_samples);
    RUN(what_is_not_there_is_refused);
    RUN_ON(everything_comes_out_as_it_went_in);
    RUN_ON(what_makes_no_sense_is_refused);
    RUN_ON(an_output_is_changed_in_place);
    RUN_ON(a_failure_is_an_output);
}
