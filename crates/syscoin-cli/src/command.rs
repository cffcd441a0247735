//! From the command line to an outcome: a plain call, or one of the queries that the client puts together.

mod address_info;
mod generate;
mod get_info;
mod net_info;

use app::Args;
use serde_json::Value;

use crate::client::Client;
use crate::convert;
use crate::error::CliError;
use crate::reply::{Outcome, Reply, request};
use crate::terminal;

/// Does what the command line asks for.
pub(crate) async fn run(args: &Args) -> Result<Outcome, CliError> {
    let password = match args.flag("stdinrpcpass", false) {
        true => Some(terminal::read_secret("RPC password", "-stdinrpcpass")?),
        false => None,
    };
    let words = all_words(args)?;
    if args.flag("netinfo", false) && words.first().is_some_and(|word| word == "help") {
        return Ok(Outcome::Success {
            text: net_info::HELP.to_owned(),
        });
    }
    let client = Client::new(args, password)?;
    let wallet = args.text("rpcwallet");
    let session = Session { args, client, wallet };
    if args.flag("getinfo", false) {
        get_info::run(&session, &words).await
    } else if args.flag("netinfo", false) {
        net_info::run(&session, &words).await
    } else if args.flag("generate", false) {
        generate::run(&session, &words).await
    } else if args.flag("addrinfo", false) {
        address_info::run(&session, &words).await
    } else {
        plain_call(&session, &words).await
    }
}

/// What all commands need.
struct Session<'a> {
    args: &'a Args,
    client: Client,
    wallet: Option<String>,
}

impl Session<'_> {
    /// Calls one method of the chosen wallet.
    async fn call(&self, method: &str, params: Value) -> Result<Reply, CliError> {
        self.call_wallet(method, params, self.wallet.as_deref()).await
    }

    async fn call_wallet(
        &self,
        method: &str,
        params: Value,
        wallet: Option<&str>,
    ) -> Result<Reply, CliError> {
        self.client
            .call(&request(method, params, 1), wallet, Reply::from_value)
            .await
    }

    /// Calls several methods without arguments at once and makes one reply of theirs.
    async fn call_batch(
        &self,
        methods: &[&str],
        combine: impl Fn(&[Reply]) -> Result<Reply, CliError>,
    ) -> Result<Reply, CliError> {
        let requests = methods
            .iter()
            .enumerate()
            .map(|(id, method)| request(method, Value::Array(Vec::new()), id));
        let body = Value::Array(requests.collect());
        let understand = |value| combine(&Reply::batch(value, methods.len())?);
        self.client.call(&body, self.wallet.as_deref(), understand).await
    }
}

/// The command and its arguments, from the command line and from standard input.
fn all_words(args: &Args) -> Result<Vec<String>, CliError> {
    let mut words = args.positional().to_vec();
    if args.flag("stdinwalletpassphrase", false) {
        if !words
            .first()
            .is_some_and(|command| command.starts_with("walletpassphrase"))
        {
            return Err(CliError::NotAPassphraseCommand);
        }
        words.insert(
            1,
            terminal::read_secret("Wallet passphrase", "-stdinwalletpassphrase")?,
        );
    }
    if args.flag("stdin", false) {
        words.extend(terminal::read_lines()?);
    }
    Ok(words)
}

async fn plain_call(session: &Session<'_>, words: &[String]) -> Result<Outcome, CliError> {
    let (method, words) = words.split_first().ok_or(CliError::NoCommand)?;
    let params = match session.args.flag("named", false) {
        true => convert::named(method, words),
        false => convert::positional(method, words),
    };
    let params = match params {
        // It cannot be said in an object of ours, so that the node's own refusal is given for it.
        Err(error @ CliError::DuplicateArgs) => {
            return Ok(Reply::invalid_parameter(&error.to_string()).outcome());
        }
        params => params?,
    };
    Ok(session.call(method, params).await?.outcome())
}
