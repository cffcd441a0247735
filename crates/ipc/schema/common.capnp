@0xcd2c6232cb484a28;
# What several interfaces speak of.

using Rust = import "rust.capnp";

struct BlockRef {
  hash @0 :Data $Rust.holds("bitcoin::BlockHash");
  height @1 :Int32 $Rust.holds("u32");
}
