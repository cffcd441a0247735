//! The objects of one connection, and their end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects that a peer may have at once on one connection.
pub(crate) const MAX_OBJECTS: usize = 10_000;

/// Owns what the peer may call. Belongs to the IPC thread, but drops nothing there: an object's end may take its time.
#[derive(Default)]
pub(crate) struct Objects {
    objects: RefCell<BTreeMap<Key, Box<dyn Send>>>,
    last: Cell<u64>,
}

/// An object in use. Its reference may be the last when the use ends: the object was destroyed or its peer lost
/// meanwhile.
pub(crate) struct Held<I: ?Sized + Send + Sync + 'static>(Option<Arc<I>>);

/// An object's place in the order of making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Objects {
    pub(crate) fn insert<I: ?Sized + Send + Sync + 'static>(&self, object: Arc<I>) -> Key {
        self.last.set(self.last.get() + 1);
        let key = Key(self.last.get());
        self.objects.borrow_mut().insert(key, Box::new(object));
        key
    }

    pub(crate) fn count(&self) -> usize {
        self.objects.borrow().len()
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.count() >= MAX_OBJECTS
    }

    /// Drops an object and waits until it is dropped.
    pub(crate) async fn destroy(&self, key: Key) {
        let object = self.objects.borrow_mut().remove(&key);
        if object.is_some() {
            drop_elsewhere(object).await;
        }
    }

    /// Drops all objects, last made first.
    pub(crate) async fn clear(&self) {
        let objects = self.objects.take();
        drop_elsewhere(objects.into_values().rev().collect::<Vec<_>>()).await;
    }
}

impl<I: ?Sized + Send + Sync + 'static> Held<I> {
    /// Holds `object`, and gives a reference to use, which must end before this does.
    pub(crate) fn new(object: Arc<I>) -> (Self, Arc<I>) {
        let used = Arc::clone(&object);
        (Self(Some(object)), used)
    }
}

impl<I: ?Sized + Send + Sync + 'static> Drop for Held<I> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            release(object);
        }
    }
}

/// Drops a reference: at once where others are left, which costs nothing, otherwise elsewhere.
pub(super) fn release<I: ?Sized + Send + Sync + 'static>(object: Arc<I>) {
    if Arc::strong_count(&object) == 1 {
        tokio::task::spawn_blocking(move || drop(object));
    }
}

async fn drop_elsewhere(objects: impl IntoIterator<Item = Box<dyn Send>> + Send + 'static) {
    // An object whose drop panics is gone like the others.
    let _ = tokio::task::spawn_blocking(move || objects.into_iter().for_each(drop)).await;
}
