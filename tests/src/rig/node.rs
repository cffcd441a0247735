//! A node in the hands of the rig.

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use serde_json::{Value, json};

use super::client::Client;
use super::{Answer, Transcript, Wanted, Way};
use crate::program::arguments;
use crate::{Daemon, DataDir, Finished, Program, RIG_OPTIONS, wait_until};

/// The node is warming up.
const WARMING_UP: i64 = -28;

/// A data directory with the node that runs on it from time to time.
#[derive(Debug)]
pub struct RigNode {
    daemon: Daemon,
    way: Way,
    data_dir: DataDir,
    running: Option<(Program, Client)>,
    transcript: Transcript,
}

impl RigNode {
    /// A node with an empty data directory, which is not started yet.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn new(daemon: Daemon, way: Way) -> Result<Self> {
        Ok(Self {
            daemon,
            way,
            data_dir: DataDir::new()?,
            running: None,
            transcript: Transcript::default(),
        })
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// What it was asked, and what it answered.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Starts it with `further` options, and waits until it answers and has read its unconfirmed transactions.
    ///
    /// # Errors
    /// When it ends instead, or does not answer in time.
    pub fn start(&mut self, further: &[&str]) -> Result<()> {
        // What a node that was killed left behind would be taken for the new one's.
        match fs::remove_file(self.data_dir.regtest(".cookie")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut program = self.spawn(further)?;
        let mut client = wait_until("an answer to getblockcount", || {
            if !program.is_running()? {
                bail!("the node ended: {}", self.data_dir.log().text()?);
            }
            let Ok(mut client) = Client::new(Way::Http, &self.data_dir) else {
                return Ok(None);
            };
            match client.call(&self.data_dir, "getblockcount", &json!([])) {
                Ok(Ok(_)) => Ok(Some(client)),
                Ok(Err(error)) if error.code == WARMING_UP => Ok(None),
                Ok(Err(error)) => bail!("while it starts: {error:?}"),
                // Nobody listens yet, or not for long enough.
                Err(_) => Ok(None),
            }
        })?;
        wait_until("the unconfirmed transactions", || {
            let info = client.call(&self.data_dir, "getmempoolinfo", &json!([]))?;
            let info = info.map_err(|error| anyhow::anyhow!("{error:?}"))?;
            Ok((info["loaded"] == true).then_some(()))
        })?;
        if self.way != Way::Http {
            client = Client::new(self.way, &self.data_dir)?;
        }
        self.running = Some((program, client));
        Ok(())
    }

    fn spawn(&self, further: &[&str]) -> Result<Program> {
        let mut options = vec![self.data_dir.option()];
        options.extend(arguments(RIG_OPTIONS));
        options.extend(arguments(further.iter().copied()));
        Program::start(self.daemon.executable(), &options)
    }

    /// Starts it with options with which it must not start, and gives what it says.
    ///
    /// # Errors
    /// When it starts, or ends without an error.
    pub fn start_in_vain(&self, further: &[&str]) -> Result<String> {
        let finished = self.spawn(further)?.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        let message = finished
            .stderr
            .strip_prefix("Error: ")
            .and_then(|rest| rest.strip_suffix('\n'));
        Ok(message.with_context(|| format!("{finished:?}"))?.to_owned())
    }

    /// Calls a method and gives what it comes to. Nothing of it is recorded.
    ///
    /// # Errors
    /// When the node does not run, or does not answer as clients expect.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Answer> {
        let (_, client) = self.running.as_mut().context("the node does not run")?;
        client
            .call(&self.data_dir, method, params)
            .with_context(|| format!("{method} {params}"))
    }

    /// Calls a method and gives its result.
    ///
    /// # Errors
    /// When there is none.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are made where they are passed"
    )]
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let answer = self.ask(method, &params)?;
        answer.map_err(|error| anyhow::anyhow!("{method} {params} failed: {error:?}"))
    }

    /// Calls a method, records the answer, and gives it if it is one that is wanted.
    ///
    /// # Errors
    /// When it is another one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are made where they are passed"
    )]
    pub fn expect(&mut self, method: &str, params: Value, wanted: &Wanted) -> Result<Value> {
        if self.way == Way::Commands && wanted.is_about_types() {
            // The client refuses words that cannot be read as what the method takes.
            return Ok(Value::Null);
        }
        let answer = self.ask(method, &params)?;
        wanted
            .check(&answer)
            .with_context(|| format!("{method} {params}"))?;
        self.transcript.record(method, &params, answer.clone());
        Ok(answer.unwrap_or_default())
    }

    /// Calls a method, records the answer, and gives the message of the error with this code that it must be.
    ///
    /// # Errors
    /// When it is something else.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are made where they are passed"
    )]
    pub fn expect_error(&mut self, method: &str, params: Value, code: i64) -> Result<String> {
        let wanted = Wanted::ErrorLike(code, "");
        if self.way == Way::Commands && wanted.is_about_types() {
            return Ok(String::new());
        }
        let answer = self.ask(method, &params)?;
        wanted
            .check(&answer)
            .with_context(|| format!("{method} {params}"))?;
        self.transcript.record(method, &params, answer.clone());
        Ok(answer.err().map(|error| error.message).unwrap_or_default())
    }

    /// Calls several methods in one request.
    ///
    /// # Errors
    /// When they are not all answered, or the node is not reached over HTTP.
    pub fn batch(&mut self, calls: &[(&str, Value)]) -> Result<Vec<Answer>> {
        match &mut self.running {
            Some((_, Client::Http(proxy))) => proxy.batch(calls),
            _ => bail!("there is no connection"),
        }
    }

    /// Stops it by the method.
    ///
    /// # Errors
    /// When it does not end in time with code 0 and nothing on standard error.
    pub fn stop(&mut self) -> Result<()> {
        self.stop_saying("")
    }

    /// Stops it by the method, when it was started with something that it warned about.
    ///
    /// # Errors
    /// When it does not end in time with code 0 and exactly this on standard error.
    pub fn stop_saying(&mut self, stderr: &str) -> Result<()> {
        let answer = self.call("stop", json!({ "wait": 0 }))?;
        ensure!(answer == "Syscoin Core stopping", "{answer}");
        let (program, _) = self.running.take().context("the node does not run")?;
        let finished = program.wait()?;
        ensure!(
            finished.status.code() == Some(0) && finished.stderr == stderr && finished.stdout.is_empty(),
            "not a clean end: {finished:?}"
        );
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it does not.
    pub fn wait(&mut self) -> Result<Finished> {
        let (program, _) = self.running.take().context("the node does not run")?;
        program.wait()
    }

    /// Stops it and starts it again.
    ///
    /// # Errors
    /// As [`RigNode::stop`] and [`RigNode::start`].
    pub fn restart(&mut self, further: &[&str]) -> Result<()> {
        self.stop()?;
        self.start(further)
    }

    /// Kills it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let (program, _) = self.running.as_ref().context("the node does not run")?;
        program.signal(rustix::process::Signal::KILL)?;
        self.wait()?;
        Ok(())
    }

    /// Stops it and gives its data directory.
    ///
    /// # Errors
    /// As [`RigNode::stop`].
    pub fn end(mut self) -> Result<DataDir> {
        self.stop()?;
        Ok(self.data_dir)
    }
}
