// The classes of wallets.capnp. What is not called has no body worth the name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

class Chain
{
public:
    virtual ~Chain() = default;
    virtual std::optional<uint32_t> getHeight() = 0;
};

class Wallet
{
public:
    virtual ~Wallet() = default;
};

class Handler
{
public:
    virtual ~Handler() = default;
    virtual void disconnect() {}
};

class LoadWalletListener
{
public:
    virtual ~LoadWalletListener() = default;
    virtual void walletLoaded(std::unique_ptr<Wallet> wallet) = 0;
};

class WalletLoader
{
public:
    virtual ~WalletLoader() = default;
    virtual void registerRpcs() {}
    virtual void verify() {}
    virtual void load() {}
    virtual void start() {}
    virtual void flush() {}
    virtual void stop() {}
    virtual void createWallet() {}
    virtual void loadWallet() {}
    virtual void restoreWallet() {}
    virtual void getWalletDir() {}
    virtual void listWalletDir() {}
    virtual void getWallets() {}
    virtual std::unique_ptr<Handler> handleLoadWallet(std::unique_ptr<LoadWalletListener> listener) = 0;
};

class Process
{
public:
    virtual ~Process() = default;
    virtual void negotiate(uint32_t, uint32_t maximum, uint32_t& version) { version = maximum; }
    virtual void configureLogging() {}
    virtual void makeChain() {}
    virtual void makeNode() {}
    virtual std::unique_ptr<WalletLoader> makeWalletLoader(std::unique_ptr<Chain> chain) = 0;
};
