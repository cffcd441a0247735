//! What this side has passed to the peer.

use std::collections::hash_map::Entry;
use std::rc::Weak;

use capnp::Error;
use capnp::capability::Promise;
use capnp::private::capability::ClientHook;
use capnp_rpc::new_broken_cap;
use capnp_rpc::rpc_capnp::{cap_descriptor, payload};
use foldhash::HashMap;
use slab::Slab;
use tokio::task::AbortHandle;

use super::import::{Client, innermost};
use super::peer::{Peer, to_number, write_exception};

/// Capabilities by their numbers, and their numbers by [`ClientHook::get_ptr`].
#[derive(Default)]
pub(super) struct Exports {
    exports: Slab<Export>,
    numbers: HashMap<usize, u32>,
}

struct Export {
    hook: Box<dyn ClientHook>,
    /// How often the peer was passed it, less what it released.
    times: u32,
    /// Whether the hook is found by its number. A promise that has resolved is not.
    is_canonical: bool,
    /// Whether it is one that has not turned out to be anything.
    is_promise: bool,
    /// What tells the peer what a promise turns out to be.
    _watch: Option<Watch>,
}

/// A task that ends when this is dropped.
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Exports {
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.exports.len()
    }
}

impl Exports {
    /// Lets a number that stands for a promise stand for what that turned out to be, and gives the promise. What it turned
    /// out to be has a number of its own.
    fn put_aside(&mut self, number: u32, hook: Box<dyn ClientHook>) -> Option<Box<dyn ClientHook>> {
        let export = self.exports.get_mut(number as usize)?;
        if export.is_canonical {
            self.numbers.remove(&export.hook.get_ptr());
        }
        export.is_canonical = false;
        export.is_promise = false;
        Some(std::mem::replace(&mut export.hook, hook))
    }

    /// Lets a promise that a promise turned out to be go on under the same number, of which the peer need not know, unless
    /// it was passed already.
    fn goes_on(&mut self, number: u32) -> bool {
        let Some(export) = self.exports.get_mut(number as usize) else {
            return false;
        };
        let Entry::Vacant(place) = self.numbers.entry(export.hook.get_ptr()) else {
            return false;
        };
        place.insert(number);
        export.is_canonical = true;
        export.is_promise = true;
        true
    }
}

impl Peer {
    /// What the peer was passed under a number.
    pub(super) fn exported(&self, number: u32) -> Option<Box<dyn ClientHook>> {
        let exports = self.exports.borrow();
        exports
            .exports
            .get(number as usize)
            .map(|export| export.hook.add_ref())
    }

    /// Names capabilities in a message, and gives the numbers of those that are of this side.
    pub(super) fn write_capabilities(
        &self,
        capabilities: &[Option<Box<dyn ClientHook>>],
        payload: payload::Builder<'_>,
    ) -> capnp::Result<Vec<u32>> {
        if let Some(error) = self.ended() {
            return Err(error.clone());
        }
        let mut exported = Vec::new();
        if capabilities.is_empty() {
            return Ok(exported);
        }
        let mut table = payload.init_cap_table(to_number(capabilities.len()));
        for (place, capability) in (0..).zip(capabilities) {
            let mut descriptor = table.reborrow().get(place);
            match capability {
                None => descriptor.set_none(()),
                Some(capability) => exported.extend(self.write_capability(&**capability, descriptor)),
            }
        }
        Ok(exported)
    }

    /// Names a capability in a message, and gives its number if it is one of this side.
    fn write_capability(
        &self,
        capability: &dyn ClientHook,
        mut descriptor: cap_descriptor::Builder<'_>,
    ) -> Option<u32> {
        let hook = innermost(capability.add_ref());
        if let Some(own) = self.own(&*hook) {
            match own.settled() {
                Ok(settled) => {
                    settled.write_descriptor(descriptor);
                    return None;
                }
                Err(elsewhere) => return self.write_capability(&*elsewhere, descriptor),
            }
        }
        let key = hook.get_ptr();
        let mut exports = self.exports.borrow_mut();
        let Exports { exports, numbers } = &mut *exports;
        if let Some(number) = numbers.get(&key) {
            let export = exports
                .get_mut(*number as usize)
                .expect("what is found by its number has an entry");
            export.times = export.times.saturating_add(1);
            if export.is_promise {
                descriptor.set_sender_promise(*number);
            } else {
                descriptor.set_sender_hosted(*number);
            }
            return Some(*number);
        }
        let place = exports.vacant_entry();
        let number = to_number(place.key());
        let watch = hook.when_more_resolved().map(|more| {
            let watching = watch(Weak::clone(self.weak()), number, more);
            Watch(tokio::task::spawn_local(watching).abort_handle())
        });
        if watch.is_some() {
            descriptor.set_sender_promise(number);
        } else {
            descriptor.set_sender_hosted(number);
        }
        numbers.insert(key, number);
        place.insert(Export {
            hook,
            times: 1,
            is_canonical: true,
            is_promise: watch.is_some(),
            _watch: watch,
        });
        Some(number)
    }

    /// The peer lets go of what it was passed so many times.
    pub(super) fn release(&self, number: u32, times: u32) -> capnp::Result<()> {
        let mut exports = self.exports.borrow_mut();
        let Exports {
            exports: table,
            numbers,
        } = &mut *exports;
        let Some(export) = table.get_mut(number as usize) else {
            return Err(Error::failed("Tried to release invalid export ID.".to_owned()));
        };
        let Some(left) = export.times.checked_sub(times) else {
            return Err(Error::failed(
                "Tried to drop export's refcount below zero.".to_owned(),
            ));
        };
        export.times = left;
        if left > 0 {
            return Ok(());
        }
        if export.is_canonical {
            numbers.remove(&export.hook.get_ptr());
        }
        let released = table.remove(number as usize);
        drop(exports);
        // Its end may come back here.
        drop(released);
        Ok(())
    }

    pub(super) fn release_all(&self, numbers: &[u32]) -> capnp::Result<()> {
        numbers.iter().try_for_each(|number| self.release(*number, 1))
    }

    /// A capability as a message names it: where calls on it go to the peer, by what they go to at the moment, for that is
    /// what the peer takes it for from then on.
    pub(super) fn as_named(&self, hook: Box<dyn ClientHook>) -> Box<dyn ClientHook> {
        match self.own(&*hook).map(|own| own.settled()) {
            None => hook,
            Some(Ok(settled)) => Box::new(Client(settled)),
            Some(Err(elsewhere)) => elsewhere,
        }
    }

    /// Tells the peer that a promise under this number comes to nothing.
    fn turn_out_broken(&self, number: u32, error: &Error) {
        let mut exports = self.exports.borrow_mut();
        let Some(before) = exports.put_aside(number, new_broken_cap(error.clone()).hook) else {
            return;
        };
        drop(exports);
        drop(before);
        self.tell(|message| {
            let mut resolve = message.init_resolve();
            resolve.set_promise_id(number);
            write_exception(error, resolve.init_exception());
        });
    }

    /// Passes what a promise under this number has turned out to be. That may be another promise, to be waited for in turn.
    fn turn_out(
        &self,
        number: u32,
        resolution: Box<dyn ClientHook>,
    ) -> Option<Promise<Box<dyn ClientHook>, Error>> {
        let resolution = self.as_named(innermost(resolution));
        let more = match self.own(&*resolution) {
            Some(_) => None,
            None => resolution.when_more_resolved(),
        };
        let mut exports = self.exports.borrow_mut();
        let before = exports.put_aside(number, resolution.add_ref())?;
        let more = more.filter(|_| exports.goes_on(number));
        drop(exports);
        drop(before);
        if more.is_none() {
            self.tell(|message| {
                let mut resolve = message.init_resolve();
                resolve.set_promise_id(number);
                self.write_capability(&*resolution, resolve.init_cap());
            });
        }
        more
    }
}

/// Tells the peer what a promise under this number turns out to be.
async fn watch(peer: Weak<Peer>, number: u32, mut more: Promise<Box<dyn ClientHook>, Error>) {
    loop {
        let resolution = more.await;
        let Some(peer) = peer.upgrade() else {
            return;
        };
        match resolution {
            Ok(resolution) => match peer.turn_out(number, resolution) {
                Some(next) => more = next,
                None => return,
            },
            Err(error) => return peer.turn_out_broken(number, &error),
        }
    }
}
