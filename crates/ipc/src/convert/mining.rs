//! What the mining interfaces return.

use std::rc::Rc;

use interfaces::{BlockRef, BlockVerdict};

use super::Structure;
use crate::connection::Connection;
use crate::schema::common_capnp::block_ref;
use crate::schema::mining_capnp::{block_template, mining};

/// Absent where the hash is empty.
impl Structure<block_ref::Owned> for Option<BlockRef> {
    fn read(reader: block_ref::Reader<'_>, connection: &Rc<Connection>) -> capnp::Result<Self> {
        if reader.get_hash()?.is_empty() {
            return Ok(None);
        }
        Structure::<block_ref::Owned>::read(reader, connection).map(Some)
    }

    fn fill(self, builder: block_ref::Builder<'_>, connection: &Rc<Connection>) -> capnp::Result<()> {
        match self {
            Some(block) => Structure::<block_ref::Owned>::fill(block, builder, connection),
            None => Ok(()),
        }
    }
}

macro_rules! verdict {
    ($($results:ident of $interface:ident,)*) => {$(
        impl Structure<$interface::$results::Owned> for BlockVerdict {
            fn read(
                reader: $interface::$results::Reader<'_>,
                _: &Rc<Connection>,
            ) -> capnp::Result<Self> {
                if reader.get_result() {
                    return Ok(Self::Accepted);
                }
                Ok(Self::Refused {
                    reason: reader.get_reason()?.to_string()?,
                    debug: reader.get_debug()?.to_string()?,
                })
            }

            fn fill(
                self,
                mut builder: $interface::$results::Builder<'_>,
                _: &Rc<Connection>,
            ) -> capnp::Result<()> {
                let (accepted, reason, debug) = match &self {
                    Self::Accepted => (true, "", ""),
                    Self::Refused { reason, debug } => (false, &reason[..], &debug[..]),
                };
                builder.set_result(accepted);
                builder.set_reason(reason);
                builder.set_debug(debug);
                Ok(())
            }
        }
    )*};
}

verdict! {
    check_block_results of mining,
    submit_block_results of mining,
    submit_solution_results of block_template,
}
