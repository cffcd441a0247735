@0xb0e4a3e2a6c1d7f5;
# What the schemas say to the generator of our adapters. Peers of other makes need not know any of it: annotations do
# not change what is on the wire.

using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("syscoin::ipc::messages");

annotation holds @0xd9b2f8a31c5e7a01 (field, param, struct, enum) :Text;
# The Rust type, where it is not the schema's own: of a list, its elements. Of a structure or enumeration it is the type
# that stands for it everywhere; otherwise that is the one of crate `interfaces` with its name. What holds
# `interfaces::Secret`, `Json` or `RpcText` is not shown in any log: RPC methods and settings know passphrases too.

annotation optional @0xd9b2f8a31c5e7a02 (field, param) :Void;
# A null pointer stands for None. Where there is a field `hasX` beside `x`, it says whether `x` is there instead.

annotation manual @0xd9b2f8a31c5e7a03 (method, struct) :Void;
# The adapter, or the server's side of a method that callers of this project do not call, is written by hand.

annotation returns @0xd9b2f8a31c5e7a04 (method) :Text;
# The Rust type that all results of a method are converted to together, by hand.

annotation contextSince @0xd9b2f8a31c5e7a05 (method) :Text;
# The version from which on the method has a context. Calls of earlier clients are refused with a text that says so.

annotation refused @0xd9b2f8a31c5e7a06 (method) :Text;
# What callers of the method are told, which exists no more.

annotation endsWaits @0xd9b2f8a31c5e7a08 (method) :Void;
# Calls on the object that wait for something end when this one is made; it takes and gives nothing. So they do when the
# object is destroyed, or its peer is lost, and nobody waits for their answers any more.

annotation object @0xd9b2f8a31c5e7a07 (interface) :Text;
# The trait, where it is not the one of crate `interfaces` with the interface's name.
