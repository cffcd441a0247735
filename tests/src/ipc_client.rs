//! A client of a node's `-ipcbind` that asks what it is told to, sound or not.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::DEADLINE;
use crate::ipc_answer::Received;
use crate::ipc_message::{Capability, Content, Kind};
use crate::ipc_socket::connect;

/// A method: its interface's id and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method(pub u64, pub u16);

impl Method {
    /// Sets a connection up.
    pub const CONSTRUCT: Self = Self(0x8838_c700_ba5c_ba65, 0);
    /// Makes an object that gives back what it is sent.
    pub const MAKE_ECHO: Self = Self(0x8838_c700_ba5c_ba65, 1);
    /// Makes an object that carries out RPC requests.
    pub const MAKE_RPC: Self = Self(0x8838_c700_ba5c_ba65, 4);
    /// Carries out a request.
    pub const EXECUTE_RPC: Self = Self(0xacb1_d37f_0a71_3129, 0);
    /// Drops the object.
    pub const DESTROY: Self = Self(0xd36b_8964_0dc9_4399, 0);
    /// Gives its argument back.
    pub const ECHO: Self = Self(0xd36b_8964_0dc9_4399, 1);
    /// Makes a thread to call on.
    pub const MAKE_THREAD: Self = Self(0xee5e_3717_9ad9_dc9d, 0);
    /// Makes the threads for calls that name none.
    pub const MAKE_POOL: Self = Self(0xee5e_3717_9ad9_dc9d, 1);
}

/// A connection.
#[derive(Debug)]
pub struct IpcClient {
    stream: UnixStream,
    questions: u32,
}

impl IpcClient {
    /// Connects and sends nothing.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(path: &Path) -> Result<Self> {
        let stream = connect(path).with_context(|| format!("cannot connect to {}", path.display()))?;
        Self::over(stream)
    }

    /// A client over a stream that is connected.
    ///
    /// # Errors
    /// When the system sets no time limits for it.
    pub fn over(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self { stream, questions: 0 })
    }

    /// The same connection, for another thread to send on: this value only receives from then on.
    ///
    /// # Errors
    /// When descriptors are used up.
    pub fn sender(&self) -> Result<Self> {
        Ok(Self {
            stream: self.stream.try_clone()?,
            questions: self.questions,
        })
    }

    /// Asks for `Init`; gives it as it will stand in the answer.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn bootstrap(&mut self) -> Result<Capability> {
        let question = self.next_question();
        let body = Content::Struct(vec![u64::from(question)], vec![Content::Null]);
        self.send(&body.framed(Kind::Bootstrap))?;
        Ok(Capability::Answer(question, Vec::new()))
    }

    /// Calls a method without waiting for the answer; gives the question's number.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn call(
        &mut self,
        target: &Capability,
        method: Method,
        parameters: &Content,
        capabilities: &[Capability],
    ) -> Result<u32> {
        let question = self.next_question();
        self.send(&call(question, target, method, parameters, capabilities))?;
        Ok(question)
    }

    /// A number that no question of this connection had yet.
    pub fn next_question(&mut self) -> u32 {
        self.questions += 1;
        self.questions - 1
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Sends no more, which the other side sees.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn end(&mut self) -> Result<()> {
        Ok(self.stream.shutdown(std::net::Shutdown::Write)?)
    }

    /// The next message of the other side.
    ///
    /// # Errors
    /// When the connection is closed, or nothing comes in time.
    pub fn receive(&mut self) -> Result<Received> {
        Received::read(&mut self.stream)
    }

    /// Waits for an answer and lets go of it: gives the text that its results begin with, or why there are none.
    ///
    /// # Errors
    /// When the other side gives up instead, or the answer does not come in time.
    pub fn answer(&mut self, question: u32) -> Result<Result<Option<String>, String>> {
        loop {
            match self.receive()? {
                Received::Answer(number, outcome) if number == question => {
                    self.finish(question)?;
                    return Ok(outcome);
                }
                Received::Abort(reason) => bail!("the peer gives up: {reason}"),
                Received::Answer(..) | Received::Other(_) => {}
            }
        }
    }

    /// Lets go of the answer to a question, though not of the capabilities in it.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn finish(&mut self, question: u32) -> Result<()> {
        // The bit says the opposite of its default, which is to release what the answer holds.
        let body = Content::Struct(vec![u64::from(question) | 1 << 32], Vec::new());
        self.send(&body.framed(Kind::Finish))
    }

    /// Waits until the other side closes the connection, whatever it says before.
    ///
    /// # Errors
    /// When it does not close it in time.
    pub fn wait_for_end(&mut self) -> Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // A read with a time limit is not resumed by the system when the process was stopped meanwhile.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error).context("the connection is not closed"),
            }
        }
    }

    /// How long one read or write may take from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn set_patience(&self, patience: Duration) -> Result<()> {
        self.stream.set_read_timeout(Some(patience))?;
        Ok(self.stream.set_write_timeout(Some(patience))?)
    }
}

/// The frame of a call.
#[must_use]
pub fn call(
    question: u32,
    target: &Capability,
    method: Method,
    parameters: &Content,
    capabilities: &[Capability],
) -> Vec<u8> {
    let table = capabilities.iter().map(Capability::descriptor).collect();
    let payload = Content::Struct(Vec::new(), vec![parameters.clone(), Content::Structs(table)]);
    let Method(interface, number) = method;
    let data = vec![u64::from(question) | u64::from(number) << 32, interface, 0];
    Content::Struct(data, vec![target.target(), payload, Content::Null]).framed(Kind::Call)
}

/// An `Echo` of a node, with the thread that it is called on.
#[derive(Debug)]
pub struct IpcEcho {
    client: IpcClient,
    thread: Capability,
    echo: Capability,
}

impl IpcEcho {
    /// Connects and sets up what is needed, as other clients do, and makes sure that it works.
    ///
    /// # Errors
    /// When the node does not serve it.
    pub fn connect(path: &Path) -> Result<Self> {
        let mut client = IpcClient::connect(path)?;
        let init = client.bootstrap()?;
        let (thread, _) = make_thread(&mut client, &init)?;
        let (parameters, capabilities) = with_context(&thread, None);
        let question = client.call(&init, Method::MAKE_ECHO, &parameters, &capabilities)?;
        let echo = Capability::Answer(question, vec![0]);
        let mut made = Self { client, thread, echo };
        made.check("first")?;
        Ok(made)
    }

    /// Sends `text` to be given back; gives the question's number.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send(&mut self, text: &str) -> Result<u32> {
        let (parameters, capabilities) = with_context(&self.thread, Some(text));
        self.client
            .call(&self.echo, Method::ECHO, &parameters, &capabilities)
    }

    /// The same, for another thread to send on: this value only receives from then on.
    ///
    /// # Errors
    /// When descriptors are used up.
    pub fn sender(&self) -> Result<Self> {
        Ok(Self {
            client: self.client.sender()?,
            thread: self.thread.clone(),
            echo: self.echo.clone(),
        })
    }

    /// Makes sure that `text` is given back.
    ///
    /// # Errors
    /// When it is not, or not in time.
    pub fn check(&mut self, text: &str) -> Result<()> {
        let question = self.send(text)?;
        match self.client.answer(question)? {
            Ok(Some(given)) if given == text => Ok(()),
            outcome => bail!("not {text:?} given back: {outcome:?}"),
        }
    }

    /// The connection, to use it in other ways.
    pub fn client(&mut self) -> &mut IpcClient {
        &mut self.client
    }

    /// The thread that it is called on.
    #[must_use]
    pub fn thread(&self) -> &Capability {
        &self.thread
    }

    /// The `Echo`, to use it in other ways.
    #[must_use]
    pub fn capability(&self) -> &Capability {
        &self.echo
    }
}

/// Asks for a thread; gives it, and what makes others.
///
/// # Errors
/// When the connection is closed.
pub fn make_thread(client: &mut IpcClient, init: &Capability) -> Result<(Capability, Capability)> {
    let none = Content::Struct(Vec::new(), vec![Content::Null]);
    let question = client.call(init, Method::CONSTRUCT, &none, &[])?;
    let threads = Capability::Answer(question, vec![0]);
    let name = Content::Struct(Vec::new(), vec![Content::Text("test".to_owned())]);
    let question = client.call(&threads, Method::MAKE_THREAD, &name, &[])?;
    Ok((Capability::Answer(question, vec![0]), threads))
}

/// The parameters of a method on a thread: a context, and a text where there is one; with their capabilities.
#[must_use]
pub fn with_context(thread: &Capability, text: Option<&str>) -> (Content, Vec<Capability>) {
    let context = Content::Struct(Vec::new(), vec![Content::Capability(0), Content::Null]);
    let mut pointers = vec![context];
    pointers.extend(text.map(|text| Content::Text(text.to_owned())));
    (Content::Struct(Vec::new(), pointers), vec![thread.clone()])
}
