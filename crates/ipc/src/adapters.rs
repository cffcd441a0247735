//! The adapters between the schemas' interfaces and the traits, which the build script generates.

#![allow(
    unused_variables,
    unused_mut,
    clippy::complexity,
    clippy::pedantic,
    clippy::style,
    reason = "generated alike for methods with and without parameters and results"
)]

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use interfaces::InterfaceError;

use crate::client::{Call, Interface, Remote, Runs};
use crate::connection::Servable;
use crate::convert::{Bytes, Enumeration, Scalar, Structure, Words, list_length};
use crate::error::exception;
use crate::schema::{
    chain_capnp, common_capnp, echo_capnp, handler_capnp, init_capnp, mining_capnp, node_capnp,
    process_capnp, rpc_capnp, wallet_capnp,
};
use crate::server::Served;
use crate::wire::Kind;

include!(concat!(env!("OUT_DIR"), "/adapters.rs"));
