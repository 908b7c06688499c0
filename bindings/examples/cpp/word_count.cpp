// Text goes in, JSON comes out, for each line and at the end for all: by a node with a state, behind a function.

#include <cctype>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <remotemedia.hpp>
#include <set>
#include <sstream>
#include <string>

namespace rm = remotemedia;

namespace {

/// Counts the words of each line, and at the end those of all lines.
class WordCount : public rm::Node {
public:
    rm::NodeOptions options() const override
    {
        rm::NodeOptions options;
        options.accepts = rm::Kind::text;
        options.emits = rm::Kind::json;
        return options;
    }

    void process(rm::PacketView in, rm::Call &call) override
    {
        std::istringstream line{std::string(in.text())};
        std::size_t count = 0;
        for (std::string word; line >> word; count++)
            seen.insert(word);
        total += count;
        call.emit(rm::json("{\"words\": " + std::to_string(count) + "}"));
    }

    void flush(rm::Call &call) override
    {
        const std::string different = std::to_string(seen.size());
        call.emit(rm::json("{\"total\": " + std::to_string(total) + ", \"different\": " + different + "}"));
    }

private:
    std::size_t total = 0;
    std::set<std::string> seen;
};

void lower(rm::PacketView in, rm::Call &call)
{
    std::string line(in.text());
    for (char &letter : line)
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    call.emit(rm::text(line));
}

void run()
{
    rm::Runtime runtime;
    rm::Pipeline pipeline(runtime);
    pipeline.add("lower", lower).add("count", std::make_unique<WordCount>()).connect("lower", "count");

    rm::Session session(pipeline);
    for (const char *line : {"The quick brown fox", "jumps over", "the lazy dog"})
        session.push(rm::text(line));
    session.end();
    while (auto out = session.pull())
        std::cout << out->json() << '\n';
}

} // namespace

int main()
{
    try {
        run();
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
