//! The code that the schema compiler made of `schema/*.capnp`.

#![expect(
    dead_code,
    unreachable_pub,
    clippy::pedantic,
    clippy::unimplemented,
    clippy::unwrap_used,
    reason = "generated; the schemas carry the documentation"
)]

capnp::generated_code!(pub mod chain_capnp, "chain_capnp.rs");
capnp::generated_code!(pub mod common_capnp, "common_capnp.rs");
capnp::generated_code!(pub mod echo_capnp, "echo_capnp.rs");
capnp::generated_code!(pub mod handler_capnp, "handler_capnp.rs");
capnp::generated_code!(pub mod init_capnp, "init_capnp.rs");
capnp::generated_code!(pub mod mining_capnp, "mining_capnp.rs");
capnp::generated_code!(pub mod node_capnp, "node_capnp.rs");
capnp::generated_code!(pub mod process_capnp, "process_capnp.rs");
capnp::generated_code!(pub mod rpc_capnp, "rpc_capnp.rs");
capnp::generated_code!(pub mod rust_capnp, "rust_capnp.rs");
capnp::generated_code!(pub mod wallet_capnp, "wallet_capnp.rs");

pub mod mp {
    capnp::generated_code!(pub mod proxy_capnp, "mp/proxy_capnp.rs");
}
pub(crate) use mp::proxy_capnp;
