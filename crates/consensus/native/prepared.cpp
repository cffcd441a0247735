// Transactions that Bitcoin Core's interpreter has read and hashed once, for all of their inputs.
//
// The library's own functions read and hash a transaction again for each input. This file is compiled against the headers
// of the crate `bitcoinconsensus` and linked with the code that the crate compiles; no exception leaves it.

#include <crypto/sha256.h>
#include <primitives/transaction.h>
#include <script/interpreter.h>
#include <script/script_error.h>
#include <version.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <ios>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

// Bytes that Core's deserialisation reads.
class Source
{
    const unsigned char* m_next;
    std::size_t m_left;

public:
    Source(const unsigned char* bytes, std::size_t size) : m_next{bytes}, m_left{size} {}

    int GetVersion() const { return PROTOCOL_VERSION; }

    std::size_t left() const { return m_left; }

    void read(Span<std::byte> destination)
    {
        if (destination.size() > m_left) throw std::ios_base::failure("no more bytes");
        // There may be nothing to read, and nowhere to.
        if (destination.empty()) return;
        std::memcpy(destination.data(), m_next, destination.size());
        m_next += destination.size();
        m_left -= destination.size();
    }

    template <typename T>
    Source& operator>>(T&& value)
    {
        ::Unserialize(*this, value);
        return *this;
    }
};

enum Outcome : std::int32_t {
    PREPARED = 0,
    NO_TRANSACTION = 1,
    TRAILING_BYTES = 2,
    OTHER_NUMBER_OF_OUTPUTS = 3,
    FAILED = -1,
};

// What SHA-256 is computed by, which is chosen the first time that somebody asks.
const std::string& sha256()
{
    static const std::string implementation{SHA256AutoDetect()};
    return implementation;
}

} // namespace

extern "C" {

// An output that is spent.
struct consensus_output {
    const unsigned char* script;
    std::size_t script_size;
    std::int64_t amount;
};

// A mutable transaction, though nothing changes it: an immutable one hashes itself twice when it is read, and nothing here
// needs its ids.
struct consensus_prepared {
    const CMutableTransaction transaction;
    PrecomputedTransactionData data;
};

// Reads a transaction and hashes what its inputs sign in common.
std::int32_t consensus_prepare(const unsigned char* bytes, std::size_t size, const consensus_output* outputs,
                               std::size_t outputs_size, consensus_prepared** prepared) noexcept
{
    try {
        sha256();
        Source source{bytes, size};
        std::unique_ptr<consensus_prepared> made;
        try {
            made.reset(new consensus_prepared{CMutableTransaction{deserialize, source}, {}});
        } catch (const std::ios_base::failure&) {
            return NO_TRANSACTION;
        }
        if (source.left() != 0) return TRAILING_BYTES;
        if (made->transaction.vin.size() != outputs_size) return OTHER_NUMBER_OF_OUTPUTS;
        std::vector<CTxOut> spent;
        spent.reserve(outputs_size);
        for (std::size_t place = 0; place < outputs_size; ++place) {
            const consensus_output& output = outputs[place];
            spent.emplace_back(output.amount, CScript(output.script, output.script + output.script_size));
        }
        made->data.Init(made->transaction, std::move(spent));
        *prepared = made.release();
        return PREPARED;
    } catch (...) {
        return FAILED;
    }
}

// Why an input may not spend its output, as a number of `ScriptError`; 0 if it may. The input must be there.
std::int32_t consensus_verify(const consensus_prepared* prepared, std::size_t input, std::uint32_t flags) noexcept
{
    try {
        const CTxIn& spending = prepared->transaction.vin[input];
        const CTxOut& output = prepared->data.m_spent_outputs[input];
        const MutableTransactionSignatureChecker checker(&prepared->transaction, static_cast<unsigned int>(input),
                                                         output.nValue, prepared->data, MissingDataBehavior::FAIL);
        ScriptError error = SCRIPT_ERR_UNKNOWN_ERROR;
        const bool is_valid = VerifyScript(spending.scriptSig, output.scriptPubKey, &spending.scriptWitness, flags,
                                           checker, &error);
        return is_valid ? SCRIPT_ERR_OK : error;
    } catch (...) {
        return FAILED;
    }
}

// What SHA-256 is computed by, as a text that ends with a zero and lives for ever.
const char* consensus_sha256() noexcept
{
    try {
        return sha256().c_str();
    } catch (...) {
        return "";
    }
}

void consensus_discard(consensus_prepared* prepared) noexcept { delete prepared; }

} // extern "C"
