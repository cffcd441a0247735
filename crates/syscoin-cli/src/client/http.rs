//! One HTTP request: who we are, and what the node answers.

use std::path::PathBuf;
use std::time::Duration;

use app::{Args, cookie, data_dir};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::target::Target;
use crate::error::{CliError, Detail};

/// The node's HTTP server.
#[derive(Debug)]
pub(super) struct Http {
    target: Target,
    login: Login,
    config_file: PathBuf,
    timeout: Duration,
}

/// Who we say we are.
#[derive(Debug, Clone)]
enum Login {
    Password(cookie::Credentials),
    /// The file is read at each attempt: a node that starts writes a new one.
    Cookie(Option<PathBuf>),
}

impl Http {
    pub(super) fn new(args: &Args, password: Option<String>, timeout: Duration) -> Result<Self, CliError> {
        let password = password
            .or_else(|| args.text("rpcpassword"))
            .filter(|password| !password.is_empty());
        let login = match password {
            Some(password) => Login::Password(cookie::Credentials {
                user: args.text_or("rpcuser", ""),
                password,
            }),
            None => Login::Cookie(cookie::location(args, &data_dir::network_directory(args))),
        };
        Ok(Self {
            target: Target::new(args)?,
            login,
            config_file: args.config_file().map(PathBuf::from).unwrap_or_default(),
            timeout,
        })
    }

    /// Sends a request to a path and gives the reply.
    pub(super) async fn post(&self, body: &Value, path: &str) -> Result<Value, CliError> {
        let (authorization, has_credentials) = self.authorization();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, self.target.host_header())
            .header(header::CONNECTION, "close")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, authorization)
            .body(Full::new(Bytes::from(format!("{body}\n"))))
            .map_err(|_| self.unreachable(Detail::Refused))?;
        let response = self.within(self.send(request)).await?;
        let status = response.status();
        let body = self.read(response).await?;
        match status {
            StatusCode::UNAUTHORIZED if has_credentials => return Err(CliError::Unauthorized),
            StatusCode::UNAUTHORIZED => {
                return Err(CliError::NoCredentials {
                    config_file: self.config_file.clone(),
                });
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                return Err(CliError::Unavailable {
                    body: String::from_utf8_lossy(&body).into_owned(),
                });
            }
            // These come with a reply that explains.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR => {}
            _ if status.as_u16() >= 400 => {
                return Err(CliError::Status {
                    status: status.as_u16(),
                });
            }
            _ => {}
        }
        if body.is_empty() {
            return Err(CliError::Empty);
        }
        serde_json::from_slice(&body).map_err(|_| CliError::NotJson)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, CliError> {
        let address = (self.target.host.as_str(), self.target.port);
        let stream = TcpStream::connect(address)
            .await
            .map_err(|_| self.unreachable(Detail::Refused))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|_| self.unreachable(Detail::Closed))?;
        // It ends with the reply; what goes wrong is seen by the request.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| {
            self.unreachable(if error.is_parse() {
                Detail::NotHttp
            } else {
                Detail::Closed
            })
        })
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Vec<u8>, CliError> {
        let mut incoming = response.into_body();
        let mut body = Vec::new();
        loop {
            let frame = self.within(async { Ok(incoming.frame().await) }).await?;
            match frame {
                Some(Ok(frame)) => body.extend(frame.into_data().unwrap_or_default()),
                Some(Err(_)) => return Err(self.unreachable(Detail::Closed)),
                None => return Ok(body),
            }
        }
    }

    async fn within<Output>(
        &self,
        work: impl Future<Output = Result<Output, CliError>>,
    ) -> Result<Output, CliError> {
        let done = tokio::time::timeout(self.timeout, work).await;
        done.unwrap_or_else(|_| Err(self.unreachable(Detail::Timeout)))
    }

    /// The header, and whether it holds anything that could let us in.
    fn authorization(&self) -> (String, bool) {
        let credentials = match &self.login {
            Login::Password(credentials) => Some(credentials.clone()),
            Login::Cookie(path) => path.as_deref().and_then(|path| cookie::read(path).ok()),
        };
        let pair = credentials
            .as_ref()
            .map(|known| format!("{}:{}", known.user, known.password));
        (
            format!("Basic {}", STANDARD.encode(pair.as_deref().unwrap_or_default())),
            pair.is_some(),
        )
    }

    fn unreachable(&self, detail: Detail) -> CliError {
        CliError::Connect {
            host: self.target.host.clone(),
            port: self.target.port,
            detail,
        }
    }
}
