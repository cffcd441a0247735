//! The smallest interface, and the one that all others are made from.

use std::sync::Arc;

use crate::suite::objects::interface;

interface! {
    Echo in echo, described by the first {
        echo(text: String) -> String;
    }
}

interface! {
    Init in init, described by the first {
        make_echo() -> Arc<dyn crate::Echo>;
        make_mining() -> Arc<dyn crate::Mining>;
        make_rpc() -> Arc<dyn crate::Rpc>;
        make_chain() -> Arc<dyn crate::Chain>;
        make_node() -> Arc<dyn crate::Node>;
        make_wallet_loader(chain: Arc<dyn crate::Chain>) -> Arc<dyn crate::WalletLoader>;
    }
}
