//! Which interfaces a listener lets its clients have.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use interfaces::{Chain, Echo, Init, InterfaceError, Mining, Node, Rpc, WalletLoader};

/// An interface that clients can ask for, by the name that `allow=` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The chain, for wallets.
    Chain,
    /// The one that shows that calls arrive.
    Echo,
    /// Block templates.
    Mining,
    /// The node, for a user interface.
    Node,
    /// The RPC methods.
    Rpc,
    /// Wallets.
    Wallet,
}

impl Service {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 6] = [
        Self::Chain,
        Self::Echo,
        Self::Mining,
        Self::Node,
        Self::Rpc,
        Self::Wallet,
    ];

    /// As `allow=` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Echo => "echo",
            Self::Mining => "mining",
            Self::Node => "node",
            Self::Rpc => "rpc",
            Self::Wallet => "wallet",
        }
    }
}

/// The interfaces that clients of one listener can have: all, unless some were named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    named: Option<BTreeSet<Service>>,
}

/// A list of interfaces that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// No interface has this name.
    #[error("there is no interface '{name}' to allow: there are {}", known_names())]
    Unknown {
        /// As given.
        name: String,
    },
}

fn known_names() -> String {
    Service::ALL.map(Service::name).join(", ")
}

impl Scope {
    /// All interfaces.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether clients can have the interface.
    pub fn allows(&self, service: Service) -> bool {
        self.named.as_ref().is_none_or(|named| named.contains(&service))
    }

    /// Whether nothing is held back.
    pub(crate) fn is_everything(&self) -> bool {
        self.named.is_none()
    }

    /// An [`Init`] that makes the allowed interfaces alone.
    pub(crate) fn limit(&self, init: Arc<dyn Init>) -> Arc<dyn Init> {
        if self.is_everything() {
            return init;
        }
        Arc::new(LimitedInit {
            init,
            scope: self.clone(),
        })
    }
}

/// What clients of a listener with a scope are served.
struct LimitedInit {
    init: Arc<dyn Init>,
    scope: Scope,
}

impl LimitedInit {
    /// The whole [`Init`], for a method that makes this interface.
    fn when_allowed(&self, service: Service, method: &str) -> Result<&dyn Init, InterfaceError> {
        if self.scope.allows(service) {
            return Ok(&*self.init);
        }
        Err(InterfaceError::NotAllowed {
            method: method.to_owned(),
        })
    }
}

#[async_trait]
impl Init for LimitedInit {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        let init = self.when_allowed(Service::Echo, "Init.makeEcho")?;
        init.make_echo().await
    }

    async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
        let init = self.when_allowed(Service::Mining, "Init.makeMining")?;
        init.make_mining().await
    }

    async fn make_rpc(&self) -> Result<Arc<dyn Rpc>, InterfaceError> {
        let init = self.when_allowed(Service::Rpc, "Init.makeRpc")?;
        init.make_rpc().await
    }

    async fn make_chain(&self) -> Result<Arc<dyn Chain>, InterfaceError> {
        let init = self.when_allowed(Service::Chain, "Init.makeChain")?;
        init.make_chain().await
    }

    async fn make_node(&self) -> Result<Arc<dyn Node>, InterfaceError> {
        let init = self.when_allowed(Service::Node, "Init.makeNode")?;
        init.make_node().await
    }

    async fn make_wallet_loader(
        &self,
        chain: Arc<dyn Chain>,
    ) -> Result<Arc<dyn WalletLoader>, InterfaceError> {
        let init = self.when_allowed(Service::Wallet, "Init.makeWalletLoader")?;
        init.make_wallet_loader(chain).await
    }
}

impl FromIterator<Service> for Scope {
    fn from_iter<T: IntoIterator<Item = Service>>(services: T) -> Self {
        Self {
            named: Some(services.into_iter().collect()),
        }
    }
}

/// Reads `NAME+NAME…`.
impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let service = |name: &str| {
            Service::ALL
                .into_iter()
                .find(|service| service.name() == name)
                .ok_or_else(|| ScopeError::Unknown {
                    name: name.to_owned(),
                })
        };
        text.split('+').map(service).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.named {
            None => formatter.write_str("everything"),
            Some(named) => {
                let names: Vec<_> = named.iter().map(|service| service.name()).collect();
                formatter.write_str(&names.join("+"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use interfaces::{InterfaceError, LocalInit, suite};
    use proptest::prelude::*;

    use super::{Scope, ScopeError, Service};

    #[tokio::test]
    async fn a_limited_init_makes_what_is_allowed_and_nothing_else() {
        for allowed in Service::ALL {
            let scope: Scope = [allowed].into_iter().collect();
            let init = scope.limit(Arc::new(LocalInit));
            let chain = suite::recorder().make_chain().await.unwrap();
            // What this process does not have is told apart from what the client may not have.
            let rows = [
                (Service::Echo, init.make_echo().await.err()),
                (Service::Mining, init.make_mining().await.err()),
                (Service::Rpc, init.make_rpc().await.err()),
                (Service::Chain, init.make_chain().await.err()),
                (Service::Node, init.make_node().await.err()),
                (Service::Wallet, init.make_wallet_loader(chain).await.err()),
            ];
            for (service, error) in rows {
                let refused = matches!(error, Some(InterfaceError::NotAllowed { .. }));
                assert_eq!(
                    refused,
                    service != allowed,
                    "{service:?} where {allowed:?} is allowed"
                );
            }
        }
    }

    #[test]
    fn names_between_plus_signs_are_all_that_is_allowed() {
        let rows: [(&str, &[Service]); 4] = [
            ("mining", &[Service::Mining]),
            ("rpc+mining", &[Service::Mining, Service::Rpc]),
            ("echo+echo", &[Service::Echo]),
            ("chain+echo+mining+node+rpc+wallet", &Service::ALL),
        ];
        for (text, allowed) in rows {
            let scope: Scope = text.parse().unwrap();
            for service in Service::ALL {
                assert_eq!(
                    scope.allows(service),
                    allowed.contains(&service),
                    "{text} {service:?}"
                );
            }
        }
        assert!(
            Service::ALL
                .into_iter()
                .all(|service| Scope::everything().allows(service))
        );
    }

    #[test]
    fn a_name_that_no_interface_has_is_refused_with_those_that_there_are() {
        for (text, name) in [
            ("", ""),
            ("Mining", "Mining"),
            ("mining+", ""),
            ("mining rpc", "mining rpc"),
        ] {
            let error = text.parse::<Scope>().unwrap_err();
            assert_eq!(
                error,
                ScopeError::Unknown {
                    name: name.to_owned()
                },
                "{text}"
            );
            assert_eq!(
                error.to_string(),
                format!(
                    "there is no interface '{name}' to allow: there are chain, echo, mining, node, rpc, wallet"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn a_scope_reads_what_it_writes(services in proptest::collection::btree_set(0_usize..6, 1..6)) {
            let scope: Scope = services.into_iter().map(|index| Service::ALL[index]).collect();
            prop_assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }
}
