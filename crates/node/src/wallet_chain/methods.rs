//! RPC methods that wallets add to the node's.
//!
//! A wallet that was taken over by somebody must not become a way to what other callers tell the node, so that it can
//! add what upstream's wallets have and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use interfaces::{Handler, InterfaceError, RpcCommand, RpcMethod, RpcRequest};
use rpc::{AddedCall, AddedMethod, Addition, Outcome, RpcError};

use crate::served::failed;
use crate::user_interface::Running;

/// The interface's method, as refusals name it.
const METHOD: &str = "Chain.handleRpc";

/// What wallets may add: the methods of Bitcoin Core v26's.
const OF_WALLETS: &[&str] = &[
    "abandontransaction",
    "abortrescan",
    "addmultisigaddress",
    "backupwallet",
    "bumpfee",
    "createwallet",
    "dumpprivkey",
    "dumpwallet",
    "encryptwallet",
    "fundrawtransaction",
    "getaddressesbylabel",
    "getaddressinfo",
    "getbalance",
    "getbalances",
    "getnewaddress",
    "getrawchangeaddress",
    "getreceivedbyaddress",
    "getreceivedbylabel",
    "gettransaction",
    "getunconfirmedbalance",
    "getwalletinfo",
    "importaddress",
    "importdescriptors",
    "importmulti",
    "importprivkey",
    "importprunedfunds",
    "importpubkey",
    "importwallet",
    "keypoolrefill",
    "listaddressgroupings",
    "listdescriptors",
    "listlabels",
    "listlockunspent",
    "listreceivedbyaddress",
    "listreceivedbylabel",
    "listsinceblock",
    "listtransactions",
    "listunspent",
    "listwalletdir",
    "listwallets",
    "loadwallet",
    "lockunspent",
    "migratewallet",
    "newkeypool",
    "psbtbumpfee",
    "removeprunedfunds",
    "rescanblockchain",
    "restorewallet",
    "send",
    "sendall",
    "sendmany",
    "sendtoaddress",
    "sethdseed",
    "setlabel",
    "settxfee",
    "setwalletflag",
    "signmessage",
    "signrawtransactionwithwallet",
    "simulaterawtransaction",
    "unloadwallet",
    "upgradewallet",
    "walletcreatefundedpsbt",
    "walletdisplayaddress",
    "walletlock",
    "walletpassphrase",
    "walletpassphrasechange",
    "walletprocesspsbt",
];

/// Letters of a category's or a parameter's name at most.
const MAX_WORD: usize = 64;

/// Parameters of a method at most.
const MAX_PARAMETERS: usize = 64;

/// Adds a method, until what is given is dropped.
pub(super) fn add(
    running: &Running,
    command: RpcCommand,
    method: Arc<dyn RpcMethod>,
) -> Result<Arc<dyn Handler>, InterfaceError> {
    let RpcCommand {
        category,
        name,
        parameters,
    } = command;
    if !OF_WALLETS.contains(&name.as_str()) {
        return Err(InterfaceError::not_allowed(METHOD));
    }
    // They become part of what help tells, of which a line each is all that others can be sure of.
    let is_word = |text: &str| {
        (1..=MAX_WORD).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_graphic())
    };
    if !is_word(&category) || !parameters.iter().all(|parameter| is_word(parameter)) {
        return Err(failed(format!(
            "the category and each parameter of {name} must be one word of at most {MAX_WORD} letters"
        )));
    }
    if parameters.len() > MAX_PARAMETERS {
        return Err(failed(format!(
            "{name} has {} parameters; the limit is {MAX_PARAMETERS}",
            parameters.len()
        )));
    }
    let handler = {
        let name = name.clone();
        move |call: AddedCall| {
            let (method, name) = (Arc::clone(&method), name.clone());
            async move { carry_out(&*method, name, call).await }
        }
    };
    let added = AddedMethod::new(category, name, parameters, handler);
    match running.dispatcher.add(added) {
        Ok(addition) => Ok(Arc::new(Added(addition))),
        Err(_taken) => Err(InterfaceError::not_allowed(METHOD)),
    }
}

async fn carry_out(method: &dyn RpcMethod, name: String, call: AddedCall) -> Outcome {
    let request = RpcRequest {
        method: name,
        parameters: call.parameters,
        uri: call.uri,
        user: call.user,
        help: call.help,
    };
    match method.call(request).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(failure)) => Err(RpcError::new(failure.code, failure.message)),
        // Its process may have died meanwhile.
        Err(error) => Err(RpcError::misc(error.to_string())),
    }
}

/// A method that was added.
struct Added(Addition);

#[async_trait]
impl Handler for Added {
    async fn disconnect(&self) -> Result<(), InterfaceError> {
        self.0.end().await;
        Ok(())
    }
}
