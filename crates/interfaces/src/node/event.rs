//! What a node tells, as values: for those who send, keep or show all of it alike.

use async_trait::async_trait;

use super::{BlockTip, MessageStyle, NodeEvents, SynchronizationState};
use crate::InterfaceError;

/// Something that [`NodeEvents`] are told of, a question excepted.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeEvent {
    /// [`NodeEvents::init_message`].
    InitMessage(String),
    /// [`NodeEvents::message_box`].
    Message(String, MessageStyle),
    /// [`NodeEvents::show_progress`].
    Progress {
        /// What is under way.
        title: String,
        /// How much of it is done, from 0 to 100.
        percent: u8,
        /// Whether it may be broken off and taken up later.
        resume_possible: bool,
    },
    /// [`NodeEvents::init_wallet`].
    InitWallet,
    /// [`NodeEvents::num_connections_changed`]: how many peers there are.
    Connections(u64),
    /// [`NodeEvents::network_active_changed`]: whether the network is on.
    NetworkActive(bool),
    /// [`NodeEvents::alert_changed`].
    Alert,
    /// [`NodeEvents::banned_list_changed`].
    Bans,
    /// [`NodeEvents::block_tip`].
    BlockTip {
        /// What the node is doing about the chain.
        state: SynchronizationState,
        /// The tip.
        tip: BlockTip,
        /// How much of all transactions is verified, from 0 to 1.
        progress: f64,
    },
    /// [`NodeEvents::header_tip`].
    HeaderTip {
        /// What the node is doing about the chain.
        state: SynchronizationState,
        /// The best header.
        tip: BlockTip,
        /// Whether it is one that is not kept yet.
        presync: bool,
    },
    /// [`NodeEvents::shutdown_requested`].
    ShutdownRequested,
}

impl NodeEvent {
    /// Tells somebody of it.
    ///
    /// # Errors
    /// Whatever the listener answers with.
    pub async fn tell(self, listener: &dyn NodeEvents) -> Result<(), InterfaceError> {
        match self {
            Self::InitMessage(text) => listener.init_message(text).await,
            Self::Message(text, style) => listener.message_box(text, style).await,
            Self::Progress {
                title,
                percent,
                resume_possible,
            } => listener.show_progress(title, percent, resume_possible).await,
            Self::InitWallet => listener.init_wallet().await,
            Self::Connections(count) => listener.num_connections_changed(count).await,
            Self::NetworkActive(is_active) => listener.network_active_changed(is_active).await,
            Self::Alert => listener.alert_changed().await,
            Self::Bans => listener.banned_list_changed().await,
            Self::BlockTip { state, tip, progress } => listener.block_tip(state, tip, progress).await,
            Self::HeaderTip { state, tip, presync } => listener.header_tip(state, tip, presync).await,
            Self::ShutdownRequested => listener.shutdown_requested().await,
        }
    }
}

/// Hears of a node's events as values, and has nobody to ask: a question is heard as a message of what is to be logged
/// then, and answered with no.
#[async_trait]
pub trait EventListener: Send + Sync {
    /// Hears of the next one.
    ///
    /// # Errors
    /// An error ends the subscription.
    async fn hear(&self, event: NodeEvent) -> Result<(), InterfaceError>;
}

#[async_trait]
impl<L: EventListener> NodeEvents for L {
    async fn init_message(&self, message: String) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::InitMessage(message)).await
    }

    async fn message_box(&self, message: String, style: MessageStyle) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::Message(message, style)).await
    }

    async fn question(
        &self,
        _message: String,
        non_interactive: String,
        style: MessageStyle,
    ) -> Result<bool, InterfaceError> {
        self.hear(NodeEvent::Message(non_interactive, style)).await?;
        Ok(false)
    }

    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        resume_possible: bool,
    ) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::Progress {
            title,
            percent,
            resume_possible,
        })
        .await
    }

    async fn init_wallet(&self) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::InitWallet).await
    }

    async fn num_connections_changed(&self, connections: u64) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::Connections(connections)).await
    }

    async fn network_active_changed(&self, active: bool) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::NetworkActive(active)).await
    }

    async fn alert_changed(&self) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::Alert).await
    }

    async fn banned_list_changed(&self) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::Bans).await
    }

    async fn block_tip(
        &self,
        state: SynchronizationState,
        tip: BlockTip,
        verification_progress: f64,
    ) -> Result<(), InterfaceError> {
        let progress = verification_progress;
        self.hear(NodeEvent::BlockTip { state, tip, progress }).await
    }

    async fn header_tip(
        &self,
        state: SynchronizationState,
        tip: BlockTip,
        presync: bool,
    ) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::HeaderTip { state, tip, presync }).await
    }

    async fn shutdown_requested(&self) -> Result<(), InterfaceError> {
        self.hear(NodeEvent::ShutdownRequested).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::{BlockRef, UnixTime};

    #[derive(Default)]
    struct Listener(Mutex<Vec<NodeEvent>>);

    #[async_trait]
    impl EventListener for Listener {
        async fn hear(&self, event: NodeEvent) -> Result<(), InterfaceError> {
            self.0.lock().unwrap().push(event);
            Ok(())
        }
    }

    #[tokio::test]
    async fn who_hears_values_hears_all_that_is_told() {
        let tip = BlockTip {
            block: BlockRef {
                hash: BlockHash::all_zeros(),
                height: 3,
            },
            time: UnixTime::from_seconds(7),
        };
        let state = SynchronizationState::Following;
        let events = [
            NodeEvent::InitMessage("init".to_owned()),
            NodeEvent::Message("message".to_owned(), MessageStyle::Warning),
            NodeEvent::Progress {
                title: "work".to_owned(),
                percent: 9,
                resume_possible: true,
            },
            NodeEvent::InitWallet,
            NodeEvent::Connections(5),
            NodeEvent::NetworkActive(false),
            NodeEvent::Alert,
            NodeEvent::Bans,
            NodeEvent::BlockTip {
                state,
                tip,
                progress: 0.5,
            },
            NodeEvent::HeaderTip {
                state,
                tip,
                presync: true,
            },
            NodeEvent::ShutdownRequested,
        ];
        let listener = Listener::default();
        for event in events.clone() {
            event.tell(&listener).await.unwrap();
        }
        assert_eq!(*listener.0.lock().unwrap(), events);
        let asked = listener.question(
            "Go on?".to_owned(),
            "Not going on".to_owned(),
            MessageStyle::Error,
        );
        assert!(!asked.await.unwrap());
        let last = listener.0.lock().unwrap().pop().unwrap();
        assert_eq!(
            last,
            NodeEvent::Message("Not going on".to_owned(), MessageStyle::Error)
        );
    }
}
