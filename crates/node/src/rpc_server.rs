//! From options to a running RPC server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::cookie::{self, Cookie};
use app::{Args, DataDir, LogHandle, Network, program};
use rpc::{
    Config, Credentials, DispatchConfig, Naming, Routes, Server, Service, ServiceConfig, Subnet, Unlisted,
    Whitelist,
};

use crate::host_port::{InvalidPort, parse_port, split_host_port};

/// Where bugs are reported.
pub(crate) const BUG_REPORT: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// The RPC server, with the cookie that opens it.
pub(crate) struct RpcServer {
    server: Server,
    cookie: Option<Cookie>,
}

/// The RPC server cannot be had as the options ask for it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpcServerError {
    #[error(
        "Invalid -rpcallowip subnet specification: {0}. Valid are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. \
         1.2.3.4/255.255.255.0) or a network/CIDR (e.g. 1.2.3.4/24)."
    )]
    AllowIp(String),
    #[error(transparent)]
    Port(#[from] InvalidPort),
    #[error("Invalid -rpcauth argument.")]
    RpcAuth,
    #[error("{0}")]
    Cookie(#[source] cookie::CookieError),
    #[error("{0}")]
    Start(#[source] rpc::StartError),
}

/// Names that help texts and errors show.
pub(crate) fn naming() -> Naming {
    Naming {
        product: program::PACKAGE_NAME.to_owned(),
        version: program::CLIENT_VERSION_TEXT.to_owned(),
        bug_report: BUG_REPORT.to_owned(),
        client: "syscoin-cli".to_owned(),
        port: Network::Main.rpc_port(),
    }
}

/// How calls are carried out.
pub(crate) fn dispatch_config(args: &Args, log: &LogHandle) -> DispatchConfig {
    let log_path = log.log_path().map(|path| path.to_string_lossy().into_owned());
    DispatchConfig {
        log_path: log_path.unwrap_or_default(),
        check_results: args.flag("rpcdoccheck", false),
        naming: naming(),
    }
}

/// Who may call what, and how many calls run.
pub(crate) fn service_config(args: &Args) -> ServiceConfig {
    let count = |name, default| usize::try_from(args.number(name, default)).unwrap_or(0).max(1);
    ServiceConfig {
        whitelist: whitelist(args),
        log_peers: args.flag("logips", false),
        threads: count("rpcthreads", 4),
        work_queue: count("rpcworkqueue", 16),
    }
}

impl RpcServer {
    /// Listens as the options say.
    pub(crate) async fn start(
        args: &Args,
        data_dir: &DataDir,
        service: Arc<Service>,
        routes: Routes,
    ) -> Result<Self, RpcServerError> {
        tracing::info!("Starting HTTP server");
        let allow_ip = allowed(args)?;
        let bind = addresses(args, !allow_ip.is_empty()).await?;
        let (credentials, cookie) = credentials(args, data_dir)?;
        let timeout = u64::try_from(args.number("rpcservertimeout", 30))
            .unwrap_or(0)
            .max(1);
        let config = Config {
            bind,
            allow_ip,
            credentials,
            server_timeout: Duration::from_secs(timeout),
            routes,
            ..Config::default()
        };
        let server = Server::start(&config, service)
            .await
            .map_err(RpcServerError::Start)?;
        Ok(Self { server, cookie })
    }

    /// Answers what is running, and removes the cookie.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
        drop(self.cookie);
    }
}

fn allowed(args: &Args) -> Result<Vec<Subnet>, RpcServerError> {
    let texts = args.texts("rpcallowip");
    texts
        .into_iter()
        .map(|text| text.parse().map_err(|_| RpcServerError::AllowIp(text)))
        .collect()
}

fn default_port(args: &Args) -> Result<u16, InvalidPort> {
    match args.text("rpcport") {
        None => Ok(args.network().rpc_port()),
        Some(value) => {
            let option = "rpcport";
            parse_port(&value).ok_or(InvalidPort { option, value })
        }
    }
}

/// The hosts of `-rpcbind`, with their ports or this one.
fn hosts(args: &Args, port: u16) -> Result<Vec<(String, u16)>, InvalidPort> {
    let texts = args.texts("rpcbind").into_iter();
    let hosts = texts.map(|text| match split_host_port(&text) {
        Some((host, own_port)) => Ok((host.to_owned(), own_port.unwrap_or(port))),
        None => Err(InvalidPort {
            option: "rpcbind",
            value: text,
        }),
    });
    hosts.collect()
}

async fn addresses(args: &Args, allows_others: bool) -> Result<Vec<SocketAddr>, InvalidPort> {
    let port = default_port(args)?;
    let hosts = hosts(args, port)?;
    let mut requested = Vec::new();
    for (host, port) in &hosts {
        match tokio::net::lookup_host((host.as_str(), *port)).await {
            Ok(found) => requested.extend(found),
            Err(error) => tracing::warn!("Binding RPC on address {host} failed: {error}"),
        }
    }
    let requested = (!hosts.is_empty()).then_some(requested.as_slice());
    let choice = rpc::choose_bind(requested, allows_others, port);
    for warning in choice.warnings {
        tracing::warn!("{warning}");
    }
    Ok(choice.addresses)
}

fn whitelist(args: &Args) -> Whitelist {
    let is_strict = args.flag("rpcwhitelistdefault", args.is_set("rpcwhitelist"));
    let mut whitelist = Whitelist::new(if is_strict {
        Unlisted::Nothing
    } else {
        Unlisted::Everything
    });
    for value in args.texts("rpcwhitelist") {
        whitelist.add(&value);
    }
    whitelist
}

fn rpcauth(args: &Args) -> Result<Credentials, RpcServerError> {
    let mut credentials = Credentials::default();
    // An empty value takes back what was given before it, or what the file has after it.
    if args.text("rpcauth").is_some_and(|value| !value.is_empty()) {
        for value in args.texts("rpcauth") {
            credentials
                .add_rpcauth(&value)
                .map_err(|_| RpcServerError::RpcAuth)?;
        }
    }
    Ok(credentials)
}

fn credentials(args: &Args, data_dir: &DataDir) -> Result<(Credentials, Option<Cookie>), RpcServerError> {
    let mut credentials = rpcauth(args)?;
    let password = args.text_or("rpcpassword", "");
    if !password.is_empty() {
        tracing::info!("Config options rpcuser and rpcpassword are in use; the cookie or -rpcauth are safer");
        credentials.add_password(&args.text_or("rpcuser", ""), &password);
        return Ok((credentials, None));
    }
    let Some(path) = cookie::location(args, data_dir.network()) else {
        tracing::info!("RPC authentication cookie file generation is disabled.");
        return Ok((credentials, None));
    };
    let cookie = cookie::write(&path).map_err(RpcServerError::Cookie)?;
    tracing::info!("Generated RPC authentication cookie {}", path.display());
    let known = cookie.credentials();
    credentials.add_password(&known.user, &known.password);
    Ok((credentials, Some(cookie)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(options: &[&str]) -> Args {
        let table = app::OptionTable::new().add(app::options::server_options());
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        Args::parse(table, argv.map(Into::into)).unwrap()
    }

    #[test]
    fn an_empty_rpcauth_is_none() {
        let valid = format!("-rpcauth=user:salt${}", "0".repeat(64));
        let rows: [(&[&str], Result<&str, ()>); 4] = [
            (&[], Ok("Credentials(0 passwords, 0 salted)")),
            (&["-rpcauth="], Ok("Credentials(0 passwords, 0 salted)")),
            (&[&valid], Ok("Credentials(0 passwords, 1 salted)")),
            (&["-rpcauth=foo:bar"], Err(())),
        ];
        for (options, expected) in rows {
            let shown = rpcauth(&args(options)).map(|credentials| format!("{credentials:?}"));
            assert_eq!(shown.as_deref().map_err(|_| ()), expected, "{options:?}");
        }
    }

    #[test]
    fn lists_of_methods_shut_out_users_without_one_unless_told_otherwise() {
        let rows: [(&[&str], Unlisted); 4] = [
            (&[], Unlisted::Everything),
            (&["-rpcwhitelist=a:help"], Unlisted::Nothing),
            (
                &["-rpcwhitelist=a:help", "-rpcwhitelistdefault=0"],
                Unlisted::Everything,
            ),
            (&["-rpcwhitelistdefault"], Unlisted::Nothing),
        ];
        for (options, unlisted) in rows {
            let mut expected = Whitelist::new(unlisted);
            if options.contains(&"-rpcwhitelist=a:help") {
                expected.add("a:help");
            }
            assert_eq!(whitelist(&args(options)), expected, "{options:?}");
        }
    }

    #[tokio::test]
    async fn an_unknown_host_is_not_replaced_by_loopback() {
        let given = args(&["-rpcbind=host.invalid", "-rpcallowip=0.0.0.0/0"]);
        assert_eq!(addresses(&given, true).await.unwrap(), []);
        assert_eq!(addresses(&given, false).await.unwrap().len(), 2);
    }
}
