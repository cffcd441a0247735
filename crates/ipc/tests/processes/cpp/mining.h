// A chain that takes blocks as they come, for who mines with a C++ process.
#pragma once

#include "process.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

using syscoin::ipc::Bytes;

// The one chain of the process. What stands for a block's hash are the last 32 bytes of its header.
struct Blocks {
    std::mutex mutex;
    std::condition_variable changed;
    // The last block, serialised; empty before the first.
    Bytes tip;
    int32_t height{-1};
    // How often waits were interrupted.
    uint64_t n_interrupts{0};
    int n_waiting{0};
    int n_templates{0};

    Bytes hash() const { return tip.empty() ? Bytes(32, 0) : Bytes(tip.begin() + 48, tip.begin() + 80); }

    // Waits, with the lock held, for milliseconds that may be beyond all that clocks count. The predicate holds or it is
    // too late.
    template <typename Predicate>
    void wait(std::unique_lock<std::mutex>& lock, double timeout, Predicate&& predicate)
    {
        ++n_waiting;
        if (timeout > 1e9) {
            changed.wait(lock, predicate);
        } else {
            changed.wait_for(lock, std::chrono::duration<double, std::milli>(timeout), predicate);
        }
        --n_waiting;
    }

    bool verdict(const Bytes& block, bool check_pow, std::string& reason, std::string& debug) const
    {
        if (block == tip) {
            reason = "duplicate";
            debug = "it is the tip";
            return false;
        }
        const bool has_nonce{std::any_of(block.begin() + 76, block.begin() + 80, [](auto byte) { return byte != 0; })};
        if (check_pow && !has_nonce) {
            reason = "high-hash";
            return false;
        }
        return true;
    }

    bool submit(const Bytes& block, std::string& reason, std::string& debug)
    {
        std::lock_guard<std::mutex> lock(mutex);
        if (!verdict(block, true, reason, debug)) return false;
        tip = block;
        ++height;
        changed.notify_all();
        return true;
    }
};

inline Blocks& blocks()
{
    static Blocks instance;
    return instance;
}

class Template : public syscoin::ipc::BlockTemplate
{
public:
    // The chain is locked.
    Template() : m_block(blocks().tip) { ++blocks().n_templates; }

    ~Template() override
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        --blocks().n_templates;
    }

    Bytes getBlockHeader() override { return Bytes(m_block.begin(), m_block.begin() + 80); }
    Bytes getBlock() override { return m_block; }
    std::vector<int64_t> getTxFees() override { return {0, 2'100'000'000'000'000}; }
    std::vector<int64_t> getTxSigops() override { return {0, 80'000}; }

    syscoin::ipc::CoinbaseTx getCoinbaseTx() override
    {
        syscoin::ipc::CoinbaseTx coinbase;
        coinbase.version = 2;
        coinbase.sequence = 0xfffffffe;
        coinbase.scriptSigPrefix = {0x01, 0x65};
        coinbase.witness = Bytes(32, 7);
        coinbase.blockRewardRemaining = 5'000'000'000;
        // No value, and the script OP_RETURN.
        coinbase.requiredOutputs = {{0, 0, 0, 0, 0, 0, 0, 0, 1, 0x6a}};
        coinbase.lockTime = 100;
        return coinbase;
    }

    std::vector<Bytes> getCoinbaseMerklePath() override { return {Bytes(32, 8), Bytes(32, 9)}; }

    bool submitSolutionOld7(uint32_t version, uint32_t timestamp, uint32_t nonce, const Bytes& coinbase) override
    {
        std::string reason;
        std::string debug;
        return submitSolution(version, timestamp, nonce, coinbase, reason, debug);
    }

    std::unique_ptr<BlockTemplate> waitNext(const syscoin::ipc::BlockWaitOptions& options) override
    {
        std::unique_lock<std::mutex> lock(blocks().mutex);
        const uint64_t n_interrupts{m_n_interrupts};
        blocks().wait(lock, options.timeout, [&] { return m_n_interrupts != n_interrupts || blocks().tip != m_block; });
        if (m_n_interrupts != n_interrupts || blocks().tip == m_block) return nullptr;
        return std::make_unique<Template>();
    }

    void interruptWait() override
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        ++m_n_interrupts;
        blocks().changed.notify_all();
    }

    bool submitSolution(uint32_t version, uint32_t timestamp, uint32_t nonce, const Bytes& coinbase,
        std::string& reason, std::string& debug) override
    {
        Bytes block = getBlockHeader();
        const auto put = [&](size_t place, uint32_t number) {
            for (size_t byte = 0; byte < 4; ++byte) block[place + byte] = number >> (8 * byte);
        };
        put(0, version);
        put(68, timestamp);
        put(76, nonce);
        // The only transaction.
        block.push_back(1);
        block.insert(block.end(), coinbase.begin(), coinbase.end());
        return blocks().submit(block, reason, debug);
    }

private:
    const Bytes m_block;
    uint64_t m_n_interrupts{0};
};

class Miner : public syscoin::ipc::Mining
{
public:
    bool isTestChain() override { return true; }
    bool isInitialBlockDownload() override { return false; }

    std::optional<syscoin::ipc::BlockRef> getTip() override
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        if (blocks().tip.empty()) return std::nullopt;
        return tip();
    }

    syscoin::ipc::BlockRef waitTipChanged(const Bytes& current_tip, double timeout) override
    {
        std::unique_lock<std::mutex> lock(blocks().mutex);
        const uint64_t n_interrupts{blocks().n_interrupts};
        blocks().wait(lock, timeout,
            [&] { return blocks().n_interrupts != n_interrupts || blocks().hash() != current_tip; });
        if (blocks().n_interrupts != n_interrupts) return {};
        return tip();
    }

    std::unique_ptr<syscoin::ipc::BlockTemplate> createNewBlock(
        const syscoin::ipc::BlockCreateOptions& options, bool cooldown) override
    {
        if (options.blockReservedWeight < 2'000) throw std::runtime_error("too little weight is reserved");
        std::unique_lock<std::mutex> lock(blocks().mutex);
        const uint64_t n_interrupts{blocks().n_interrupts};
        if (cooldown) {
            blocks().wait(lock, std::numeric_limits<double>::max(),
                [&] { return blocks().n_interrupts != n_interrupts || !blocks().tip.empty(); });
        }
        if (blocks().n_interrupts != n_interrupts) return nullptr;
        if (blocks().tip.empty()) throw std::runtime_error("there is no tip");
        return std::make_unique<Template>();
    }

    bool checkBlock(const Bytes& block, const syscoin::ipc::BlockCheckOptions& options, std::string& reason,
        std::string& debug) override
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        return blocks().verdict(block, options.checkPow, reason, debug);
    }

    void interrupt() override
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        ++blocks().n_interrupts;
        blocks().changed.notify_all();
    }

    bool submitBlock(const Bytes& block, std::string& reason, std::string& debug) override
    {
        return blocks().submit(block, reason, debug);
    }

    std::vector<Bytes> getTransactionsByTxID(const std::vector<Bytes>& txids) override { return find(txids); }
    std::vector<Bytes> getTransactionsByWitnessID(const std::vector<Bytes>& wtxids) override { return find(wtxids); }

private:
    static syscoin::ipc::BlockRef tip() { return {blocks().hash(), blocks().height}; }

    // The tip's only transaction goes by the id of zeros, and there is no other.
    static std::vector<Bytes> find(const std::vector<Bytes>& ids)
    {
        std::lock_guard<std::mutex> lock(blocks().mutex);
        std::vector<Bytes> found;
        for (const Bytes& id : ids) {
            found.push_back(id == Bytes(32, 0) ? Bytes(blocks().tip.begin() + 81, blocks().tip.end()) : Bytes());
        }
        return found;
    }
};
