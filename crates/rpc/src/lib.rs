//! JSON-RPC over HTTP: the server, the table of methods, argument checking and `help`.
//!
//! The behaviour on the wire is that of Bitcoin Core v26 (JSON-RPC 1.0 replies, Basic authentication, batches,
//! named arguments, warm-up errors). A [`Dispatcher`] answers calls. A [`Service`] takes requests, whichever way they come
//! in, and decides who may make them and how many run; a [`Server`] brings it those that come over HTTP. Neither knows who registers methods: the dispatcher has three of its own (`help`, `stop`,
//! `getrpcinfo`) and serves whatever else it is given in a [`MethodTable`], and
//! [`AddedMethod`]s that come and go. What else the server has under its
//! address is in [`Routes`].
//!
//! Deliberate absences: no options are parsed here, no file is read or written, and nothing knows of a node or a wallet.

mod added;
mod arguments;
mod auth;
mod bind;
mod config;
mod control;
mod dispatch;
mod document;
mod eager;
mod envelope;
mod error;
mod help;
mod http;
mod method;
mod named;
mod param;
mod printable;
mod request;
mod route;
mod server;
mod service;
mod shape;
mod stall;
mod subnet;
mod table;
mod whitelist;

pub use added::{AddedCall, AddedMethod, Addition};
pub use arguments::{Arguments, FromArgument};
pub use auth::{Credentials, InvalidRpcAuth};
pub use bind::{BindChoice, BindWarning, choose_bind};
pub use config::{Config, DispatchConfig, Naming, ServiceConfig};
pub use dispatch::Dispatcher;
pub use document::written_name;
pub use envelope::{Call, Params};
pub use error::{RpcError, code};
pub use method::{Declaration, Method, Outcome};
pub use param::{Kind, Param};
pub use request::Request;
pub use route::{Page, PageRequest, PageStatus, Routes};
pub use server::{Server, StartError};
pub use service::{Answer, Caller, Closed, Refusal, Service};
pub use shape::{Shape, ShapeKind};
pub use subnet::{InvalidSubnet, Subnet};
pub use table::{DuplicateMethod, MethodTable};
pub use whitelist::{Unlisted, Whitelist};
