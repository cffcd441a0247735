//! The adapters between the schemas' interfaces and the traits, which the build script generates.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use interfaces::InterfaceError;

use crate::client::{Call, Interface, Remote};
use crate::schema::{echo_capnp, init_capnp};
use crate::server::Served;

include!(concat!(env!("OUT_DIR"), "/adapters.rs"));
