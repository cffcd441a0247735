// What the processes of Multiprocess Syscoin offer each other, as C++ classes. A client calls them, whatever process
// the object behind them lives in; a server derives from them. Any method throws std::exception with the other side's
// text when it fails there, and one of its own when the connection is gone.
//
// Blocks, transactions and scripts are bytes: consensus serialisation, with witness. Hashes are 32 bytes in the order
// that they are computed in, which is the reverse of the order in which people read them. Amounts are in satoshis.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace syscoin::ipc {
using Bytes = std::vector<unsigned char>;

// A block of the active chain.
struct BlockRef {
    Bytes hash;
    int32_t height{0};
};

// How a block template is made.
struct BlockCreateOptions {
    // Whether transactions of the mempool go into it.
    bool useMempool{true};
    // Weight to leave free for the header, the count of transactions and the coinbase transaction.
    uint64_t blockReservedWeight{8000};
    // Signature operations to leave free for outputs that the client adds to the coinbase transaction.
    uint64_t coinbaseOutputMaxAdditionalSigops{400};
};

// What waitNext waits for: the first of these, or a new tip.
struct BlockWaitOptions {
    // Milliseconds.
    double timeout{std::numeric_limits<double>::max()};
    // By how much the fees must have risen.
    int64_t feeThreshold{21'000'000LL * 100'000'000LL};
};

// Which checks of a block are made.
struct BlockCheckOptions {
    bool checkMerkleRoot{true};
    bool checkPow{true};
};

// What a coinbase transaction must be made of.
struct CoinbaseTx {
    uint32_t version{0};
    uint32_t sequence{0};
    // What the input's script begins with; the client may add to it.
    Bytes scriptSigPrefix;
    // The only item of the input's witness; empty where there is none.
    Bytes witness;
    // What the client's outputs may spend in all.
    int64_t blockRewardRemaining{0};
    // Outputs that must be there, serialised.
    std::vector<Bytes> requiredOutputs;
    uint32_t lockTime{0};
};

// Shows that two processes talk to each other.
class Echo
{
public:
    virtual ~Echo() = default;
    // Gives back its argument.
    virtual std::string echo(const std::string& echo) = 0;
};

// A block that only lacks its proof of work. The node keeps what it needs for it until the object is destroyed.
class BlockTemplate
{
public:
    virtual ~BlockTemplate() = default;
    // The header, 80 bytes.
    virtual Bytes getBlockHeader() = 0;
    // The block, with a coinbase transaction that stands for the client's.
    virtual Bytes getBlock() = 0;
    // The fee of each transaction but the coinbase transaction.
    virtual std::vector<int64_t> getTxFees() = 0;
    // The signature operations of each transaction but the coinbase transaction.
    virtual std::vector<int64_t> getTxSigops() = 0;
    virtual CoinbaseTx getCoinbaseTx() = 0;
    // The hashes that lead from the coinbase transaction to the merkle root.
    virtual std::vector<Bytes> getCoinbaseMerklePath() = 0;
    // submitSolution, as clients of Bitcoin Core 31 call it.
    virtual bool submitSolutionOld7(uint32_t version, uint32_t timestamp, uint32_t nonce, const Bytes& coinbase) = 0;
    // The template for the next tip or for higher fees; null where the wait timed out or was interrupted.
    virtual std::unique_ptr<BlockTemplate> waitNext(const BlockWaitOptions& options) = 0;
    // Ends waitNext.
    virtual void interruptWait() = 0;
    // Completes the block and hands it to the node. False where it was refused; reason and debug then say why.
    virtual bool submitSolution(uint32_t version, uint32_t timestamp, uint32_t nonce, const Bytes& coinbase,
        std::string& reason, std::string& debug) = 0;
};

// For who makes blocks.
class Mining
{
public:
    virtual ~Mining() = default;
    // Whether the chain is for tests.
    virtual bool isTestChain() = 0;
    virtual bool isInitialBlockDownload() = 0;
    // Nothing where the chain has not been loaded.
    virtual std::optional<BlockRef> getTip() = 0;
    // Waits at most timeout milliseconds until the tip is another than currentTip, and gives the tip. The hash is empty
    // where the wait was interrupted.
    virtual BlockRef waitTipChanged(const Bytes& currentTip, double timeout) = 0;
    // Null where it was interrupted. With cooldown it waits until the node has caught up with the network.
    virtual std::unique_ptr<BlockTemplate> createNewBlock(const BlockCreateOptions& options, bool cooldown) = 0;
    // Whether the block would be valid on the tip; if not, reason and debug say why.
    virtual bool checkBlock(const Bytes& block, const BlockCheckOptions& options, std::string& reason,
        std::string& debug) = 0;
    // Ends waitTipChanged and createNewBlock.
    virtual void interrupt() = 0;
    // Hands a block to the node. False where it was refused; reason and debug then say why.
    virtual bool submitBlock(const Bytes& block, std::string& reason, std::string& debug) = 0;
    // Transactions of the mempool, by their txids; empty where there is none, here and below.
    virtual std::vector<Bytes> getTransactionsByTxID(const std::vector<Bytes>& txids) = 0;
    virtual std::vector<Bytes> getTransactionsByWitnessID(const std::vector<Bytes>& wtxids) = 0;
};

// The node's RPC methods.
class Rpc
{
public:
    virtual ~Rpc() = default;
    // Carries out a JSON-RPC request, or a batch of them, and gives the answer; both are JSON texts. The uri is what
    // would be asked for over HTTP: "/", or "/wallet/NAME". The node decides by the connection what is allowed, and
    // takes no notice of the user.
    virtual std::string executeRpc(const std::string& request, const std::string& uri, const std::string& user) = 0;
};

// The root object of a process.
class Init
{
public:
    virtual ~Init() = default;
    virtual std::unique_ptr<Echo> makeEcho() = 0;
    // What clients of Bitcoin Core 30 call; it always fails.
    virtual void makeMiningOld2() { throw std::runtime_error("the client is made for Bitcoin Core 30"); }
    virtual std::unique_ptr<Mining> makeMining() = 0;
    virtual std::unique_ptr<Rpc> makeRpc() = 0;
};
} // namespace syscoin::ipc
