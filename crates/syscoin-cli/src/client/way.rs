//! `-ipcconnect`: whether the node is called over IPC, and what stands in the way.

use std::time::Duration;

use app::Args;

use crate::error::CliError;

#[cfg(feature = "ipc")]
pub(super) use super::ipc::Ipc;

/// Nothing, in a client that was built without IPC.
#[cfg(not(feature = "ipc"))]
#[derive(Debug)]
pub(super) enum Ipc {}

#[cfg(not(feature = "ipc"))]
impl Ipc {
    fn new(_: &Args, _: Duration) -> Result<Self, CliError> {
        Err(CliError::NoIpc)
    }

    pub(super) async fn post(
        &self,
        _: &serde_json::Value,
        _: &str,
    ) -> Result<Option<serde_json::Value>, CliError> {
        match *self {}
    }
}

/// The way over IPC, unless the options rule it out. Where they leave the choice, an HTTP address that is given wins.
pub(super) fn choose(args: &Args, timeout: Duration) -> Result<Option<Ipc>, CliError> {
    let address = args.text_or("ipcconnect", "auto");
    let is_automatic = address == "auto";
    if address.is_empty() || address == "0" {
        return Ok(None);
    }
    if args.is_set("rpcconnect") && !args.is_negated("rpcconnect") {
        return if is_automatic {
            Ok(None)
        } else {
            Err(CliError::TwoWays)
        };
    }
    match Ipc::new(args, timeout) {
        Err(CliError::NoIpc) if is_automatic => Ok(None),
        way => way.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipc_is_left_out_when_options_say_http() {
        let rows: [(&[&str], Result<bool, &str>); 9] = [
            (&[], Ok(cfg!(feature = "ipc"))),
            (&["-ipcconnect=auto"], Ok(cfg!(feature = "ipc"))),
            (&["-ipcconnect=0"], Ok(false)),
            (&["-noipcconnect"], Ok(false)),
            (&["-ipcconnect="], Ok(false)),
            (&["-rpcconnect=127.0.0.1"], Ok(false)),
            (&["-rpcconnect=127.0.0.1", "-ipcconnect=auto"], Ok(false)),
            (&["-norpcconnect"], Ok(cfg!(feature = "ipc"))),
            (
                &["-rpcconnect=127.0.0.1", "-ipcconnect=unix"],
                Err("-rpcconnect and -ipcconnect options cannot both be enabled"),
            ),
        ];
        for (options, expected) in rows {
            let argv = ["syscoin-cli"].into_iter().chain(options.iter().copied());
            let args = Args::parse(crate::options::table(), argv.map(Into::into)).unwrap();
            let chosen = choose(&args, Duration::MAX).map(|way| way.is_some());
            assert_eq!(
                chosen.map_err(|error| error.to_string()),
                expected.map_err(str::to_owned),
                "{options:?}"
            );
        }
    }

    #[test]
    fn an_address_needs_a_client_that_knows_ipc() {
        let args = |address: &str| {
            let argv = ["syscoin-cli", address].map(Into::into);
            Args::parse(crate::options::table(), argv).unwrap()
        };
        let error = |address: &str| {
            choose(&args(address), Duration::MAX)
                .err()
                .map(|error| error.to_string())
        };
        if cfg!(feature = "ipc") {
            assert_eq!(error("-ipcconnect=unix"), None);
            assert_eq!(
                error("-ipcconnect=x").as_deref(),
                Some("Unrecognized address 'x'")
            );
        } else {
            let expected = Some("syscoin-cli was not built with IPC support");
            assert_eq!(error("-ipcconnect=unix").as_deref(), expected);
        }
    }
}
