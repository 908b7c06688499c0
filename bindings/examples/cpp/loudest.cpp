// A node in C++, and a program around it: the loudest sample so far, for each packet of audio.

#include <cmath>
#include <iostream>
#include <remotemedia.hpp>

namespace rm = remotemedia;

struct Loudest : rm::Node {
    float peak = 0;
    void process(rm::PacketView in, rm::Call &call) override
    {
        for (float sample : in.samples())
            peak = std::max(peak, std::abs(sample));
        call.emit(rm::json("{\"peak\": " + std::to_string(peak) + "}"));
    }
};

int main()
{
    rm::Runtime runtime;
    rm::Pipeline pipeline(runtime);
    pipeline.add("loudest", std::make_unique<Loudest>());

    rm::Session session(pipeline);
    for (float level : {0.125f, 0.5f, 0.25f}) {
        const float samples[] = {level, -level};
        session.push(rm::audio(samples, 48000, 1));
    }
    session.end();
    while (auto out = session.pull())
        std::cout << out->json() << '\n';
}
