//! Running the scripts of a block on several processors.

mod cache;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::{Transaction, TxOut, Txid};
use consensus::script::{
    ConsensusScriptError, Disagreement, PreparedTransaction, ScriptFlags, SpendingTransaction, check_input,
};
use thiserror::Error;

pub use cache::ScriptCache;

/// Threads beside the caller's own, at most.
const MAX_WORKERS: usize = 15;

/// A script does not allow what an input spends. It is shown as upstream shows it: with the script's error if scripts run
/// one after the other, and without it if they run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reject_reason}, input {input} of {txid}: {reason}")]
pub struct ScriptFailure {
    /// Upstream's reject reason.
    pub reject_reason: String,
    /// The transaction.
    pub txid: Txid,
    /// The input's place, from 0.
    pub input: usize,
    /// What the verification says.
    pub reason: String,
}

/// A transaction whose inputs are to be verified.
struct Spend {
    txid: Txid,
    bytes: Vec<u8>,
    spent: Vec<TxOut>,
    flags: ScriptFlags,
    /// What its inputs have in common, by the first thread that verifies one of them.
    prepared: OnceLock<Result<PreparedTransaction, ConsensusScriptError>>,
}

impl Spend {
    /// Why an input that may not be spent may not, as upstream's reject reason.
    fn explain(&self, input: usize) -> Option<String> {
        let transaction: Transaction = deserialize(&self.bytes).ok()?;
        let spending = SpendingTransaction::new(&transaction, &self.spent).ok()?;
        let disagreed = |disagreement: &Disagreement| tracing::error!("{disagreement}");
        let error = check_input(&spending, input, self.flags, &disagreed).err()?;
        Some(error.to_string())
    }

    fn verify(&self, input: usize) -> Result<(), ConsensusScriptError> {
        let prepare = || PreparedTransaction::new(&self.bytes, &self.spent);
        match self.prepared.get_or_init(prepare) {
            Ok(prepared) => prepared.verify(input, self.flags),
            Err(error) => Err(*error),
        }
    }
}

/// One input to be verified.
struct Job {
    spend: Arc<Spend>,
    input: usize,
    batch: Arc<Mutex<Option<ScriptFailure>>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Jobs that are being run.
    running: usize,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is a job, or the queue is closed.
    filled: Condvar,
    /// No job is left, and none is being run.
    emptied: Condvar,
}

/// Threads that verify scripts. They end when it is dropped.
pub struct ScriptChecker {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// What need not be run again.
    cache: ScriptCache,
    /// One batch at a time: a queue that is empty means that the batch is done.
    turn: Mutex<()>,
}

impl std::fmt::Debug for ScriptChecker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ScriptChecker({} workers)", self.workers.len())
    }
}

impl ScriptChecker {
    /// Verifies on so many threads, the caller's own among them.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut checker = Self {
            shared: Arc::clone(&shared),
            workers: Vec::new(),
            cache: ScriptCache::default(),
            turn: Mutex::new(()),
        };
        for number in 0..threads.saturating_sub(1).min(MAX_WORKERS) {
            let shared = Arc::clone(&shared);
            let worker = thread::Builder::new()
                .name(format!("scriptch.{number}"))
                .spawn(move || work(&shared))?;
            checker.workers.push(worker);
        }
        Ok(checker)
    }

    /// The transactions that were verified before.
    #[must_use]
    pub fn cache(&self) -> &ScriptCache {
        &self.cache
    }

    fn company(&self) -> Company {
        match self.workers.is_empty() {
            true => Company::Alone,
            false => Company::Others,
        }
    }

    /// Begins with a block. Other threads that want to begin with one wait until this one is finished.
    pub fn batch(&self) -> ScriptBatch<'_> {
        ScriptBatch {
            checker: self,
            failure: Arc::default(),
            _turn: lock(&self.turn),
        }
    }
}

impl Drop for ScriptChecker {
    fn drop(&mut self) {
        lock(&self.shared.queue).is_closed = true;
        self.shared.filled.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has told so.
            _ = worker.join();
        }
    }
}

/// The scripts of one block. Dropping it gives up what was not run yet.
pub struct ScriptBatch<'a> {
    checker: &'a ScriptChecker,
    failure: Arc<Mutex<Option<ScriptFailure>>>,
    _turn: MutexGuard<'a, ()>,
}

impl std::fmt::Debug for ScriptBatch<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ScriptBatch(of {:?})", self.checker)
    }
}

impl ScriptBatch<'_> {
    /// Lets all inputs of a transaction be verified, unless that was done before by the same rules. `spent` are the outputs that it spends, in the order of its inputs.
    pub fn add(&mut self, transaction: &Transaction, txid: Txid, spent: Vec<TxOut>, flags: ScriptFlags) {
        let is_known = || self.checker.cache.has(|| transaction.compute_wtxid());
        if flags == ScriptFlags::MANDATORY && is_known() {
            return;
        }
        let spend = Arc::new(Spend {
            txid,
            bytes: serialize(transaction),
            spent,
            flags,
            prepared: OnceLock::new(),
        });
        let mut queue = lock(&self.checker.shared.queue);
        for input in 0..transaction.input.len() {
            queue.jobs.push_back(Job {
                spend: Arc::clone(&spend),
                input,
                batch: Arc::clone(&self.failure),
            });
        }
        drop(queue);
        match transaction.input.len() {
            1 => self.checker.shared.filled.notify_one(),
            _ => self.checker.shared.filled.notify_all(),
        }
    }

    /// Verifies what is left on this thread too, and waits for the others.
    ///
    /// # Errors
    /// [`ScriptFailure`] of one of the inputs that may not be spent.
    pub fn finish(self) -> Result<(), ScriptFailure> {
        let shared = &self.checker.shared;
        let mut queue = lock(&shared.queue);
        while let Some(job) = queue.jobs.pop_front() {
            queue.running += 1;
            drop(queue);
            run(&job, self.checker.company());
            queue = lock(&shared.queue);
            queue.running -= 1;
        }
        drop(wait_until_empty(shared, queue));
        let failure = lock(&self.failure).take();
        failure.map_or(Ok(()), Err)
    }
}

impl Drop for ScriptBatch<'_> {
    fn drop(&mut self) {
        let shared = &self.checker.shared;
        let mut queue = lock(&shared.queue);
        queue.jobs.clear();
        drop(wait_until_empty(shared, queue));
    }
}

fn wait_until_empty<'a>(shared: &Shared, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
    while queue.running > 0 || !queue.jobs.is_empty() {
        queue = shared.emptied.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    queue
}

/// A worker's life.
fn work(shared: &Shared) {
    let mut queue = lock(&shared.queue);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            queue.running += 1;
            drop(queue);
            run(&job, Company::Others);
            drop(job);
            queue = lock(&shared.queue);
            queue.running -= 1;
            if queue.running == 0 && queue.jobs.is_empty() {
                shared.emptied.notify_all();
            }
        } else if queue.is_closed {
            return;
        } else {
            queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whether other threads run scripts of the same block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    Alone,
    Others,
}

/// Verifies an input, unless another one of the block failed already.
fn run(job: &Job, company: Company) {
    if lock(&job.batch).is_some() {
        return;
    }
    let Job { spend, input, batch } = job;
    if let Err(error) = spend.verify(*input) {
        let explained = match company {
            Company::Alone => spend.explain(*input),
            Company::Others => None,
        };
        *lock(batch) = Some(ScriptFailure {
            reject_reason: explained.unwrap_or_else(|| "block-validation-failed".to_owned()),
            txid: spend.txid,
            input: *input,
            reason: error.to_string(),
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
