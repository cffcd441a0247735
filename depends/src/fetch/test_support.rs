//! What the tests of fetching share: a place with a fetcher's directories, an HTTP server that misbehaves as told, an
//! observer that writes down what it sees, and programs that are scripts.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::{FetchConfig, FetchError, Fetched, Fetcher};
use crate::digest::Digest;
use crate::observer::{Event, Observer};
use crate::recipe::source::{Archive, Route, Source};

pub(super) const CONTENT: &[u8] = b"the content of a source archive";
pub(super) const FILE: &str = "p-1.tar.gz";

/// A source of one archive with [`CONTENT`].
pub(super) fn source(routes: Vec<Route>) -> Source {
    Source {
        tree_sha256: None,
        archives: vec![archive(FILE, CONTENT, routes)],
    }
}

pub(super) fn archive(file: &str, content: &[u8], routes: Vec<Route>) -> Archive {
    Archive {
        file: file.to_owned(),
        sha256: Digest::of(content),
        root: None,
        only: Vec::new(),
        routes,
    }
}

/// Directories for one test.
pub(super) struct Place {
    pub(super) directory: TempDir,
    pub(super) config: FetchConfig,
    pub(super) observer: Recorder,
}

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut config = FetchConfig::new(path("sources"), path("scratch"));
        config.retries = 2;
        config.backoff = Duration::from_millis(1);
        config.search_path = Some(path("bin").into());
        config.cargo_home = Some(path("cargo"));
        fs_err::create_dir(path("bin")).unwrap();
        Self {
            directory,
            config,
            observer: Recorder::default(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, content).unwrap();
        path
    }

    pub(super) fn fetch(&self, source: &Source) -> Result<Fetched, FetchError> {
        let fetcher = Fetcher::new(self.config.clone());
        fetcher.fetch("p", source, self.directory.path(), &self.observer)
    }

    /// Fetches, and expects the archive to be there with [`CONTENT`].
    pub(super) fn check(&self, source: &Source) {
        let path = self.config.sources.join(FILE);
        let fetched = self.fetch(source).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            fetched,
            Fetched::Archive {
                path: path.clone(),
                archive: 0
            }
        );
        assert_eq!(fs_err::read(path).unwrap(), CONTENT);
        self.check_clean();
    }

    /// Fetches in vain, and gives the error with the place's own path left out.
    pub(super) fn check_fails(&self, source: &Source) -> String {
        let error = self.fetch(source).unwrap_err().to_string();
        self.check_clean();
        error.replace(&self.directory.path().display().to_string(), "PLACE")
    }

    /// No temporary file is left.
    fn check_clean(&self) {
        assert!(
            self.sources().iter().all(|name| !name.starts_with('.')),
            "{:?}",
            self.sources()
        );
        if let Ok(entries) = fs_err::read_dir(&self.config.scratch) {
            let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            assert!(names.iter().all(|name| name == ".lock"), "{names:?}");
        }
    }

    /// The names in the sources directory.
    pub(super) fn sources(&self) -> Vec<String> {
        let Ok(entries) = fs_err::read_dir(&self.config.sources) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Installs a shell script as a program. Another process writes it: if this one did, a program that another test
    /// starts meanwhile would hold it open, and then it could not be run.
    pub(super) fn install(&self, name: &str, script: &str) {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(self.path("bin").join(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!(
            "#!/bin/sh\nset -e\nPATH=/usr/bin:/bin\nPLACE='{}'\n{script}",
            self.directory.path().display()
        );
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
    }
}

/// An observer that writes down what it sees.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Recorder {
    fn notice(&self, event: &Event<'_>) {
        let line = match *event {
            Event::Fetching { package, file, route } => format!("fetching {package} {file} {route}"),
            Event::Received {
                package,
                file,
                n_bytes,
                total,
            } => format!("received {package} {file} {n_bytes} {total:?}"),
            Event::Fetched { package, file } => format!("fetched {package} {file}"),
            Event::RouteFailed {
                package,
                route,
                reason,
            } => format!("failed {package} {route} {reason}"),
            Event::Command { command, .. } => {
                format!(
                    "command {:?}",
                    Path::new(command.get_program()).file_name().unwrap()
                )
            }
            Event::Warning { message } => format!("warning {message}"),
            _ => panic!("fetching has no other events"),
        };
        self.0.lock().unwrap().push(line);
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// A whole answer.
    Whole {
        status: u16,
        kind: &'static str,
        body: Vec<u8>,
    },
    /// An answer that ends before the length that it promised.
    Truncated,
    /// An answer without a length, which ends early.
    Short,
    /// The head and a few bytes, and no more until the client goes.
    Stall,
    /// Nothing until the client goes.
    Silence,
    /// The connection is closed at once.
    Close,
    /// A redirection.
    Redirect(String),
}

impl Reply {
    pub(super) fn ok() -> Self {
        Self::body(CONTENT)
    }

    pub(super) fn body(body: &[u8]) -> Self {
        Self::Whole {
            status: 200,
            kind: "application/gzip",
            body: body.to_vec(),
        }
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Whole {
            status,
            kind: "text/plain",
            body: b"no".to_vec(),
        }
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        match self {
            Self::Whole { status, kind, body } => {
                write!(
                    stream,
                    "HTTP/1.1 {status} Told So\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                )?;
                stream.write_all(body)
            }
            Self::Truncated => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe"),
            Self::Short => stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe"),
            Self::Stall => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe")?;
                wait_for_end(stream)
            }
            Self::Silence => wait_for_end(stream),
            Self::Close => Ok(()),
            Self::Redirect(location) => write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ),
        }
    }
}

fn wait_for_end(stream: &mut TcpStream) -> std::io::Result<()> {
    let _ = stream.read(&mut [0])?;
    Ok(())
}

#[derive(Default)]
struct Script {
    replies: BTreeMap<String, Vec<Reply>>,
    n_requests: Mutex<BTreeMap<String, usize>>,
}

impl Script {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while line != "\r\n" && !line.is_empty() {
            line.clear();
            reader.read_line(&mut line)?;
        }
        let n_before = {
            let mut counts = self.n_requests.lock().unwrap();
            let count = counts.entry(path.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let missing = Reply::status(404);
        let reply = self
            .replies
            .get(&path)
            .and_then(|replies| replies.get(n_before).or(replies.last()))
            .unwrap_or(&missing);
        reply.send(&mut stream)?;
        stream.shutdown(Shutdown::Write)
    }
}

/// An HTTP server on this machine. It stops when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    script: Arc<Script>,
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A server with the replies for each path; the last of them is repeated.
    pub(super) fn new(replies: &[(&str, &[Reply])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script {
            replies: replies
                .iter()
                .map(|(path, replies)| ((*path).to_owned(), replies.to_vec()))
                .collect(),
            n_requests: Mutex::default(),
        });
        let is_stopped = Arc::new(AtomicBool::new(false));
        let thread = {
            let (script, is_stopped) = (Arc::clone(&script), Arc::clone(&is_stopped));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if is_stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let script = Arc::clone(&script);
                    // A client that goes away early is what some tests are about.
                    std::thread::spawn(move || script.answer(stream.unwrap()));
                }
            })
        };
        Self {
            address,
            script,
            is_stopped,
            thread: Some(thread),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn route(&self, path: &str) -> Route {
        Route::Url(self.url(path))
    }

    pub(super) fn n_requests(&self, path: &str) -> usize {
        self.script
            .n_requests
            .lock()
            .unwrap()
            .get(path)
            .copied()
            .unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A name that is no UTF-8.
pub(super) fn odd_name() -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(b"a b'\"$;\xff".to_vec()))
}
