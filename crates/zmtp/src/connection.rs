//! A subscriber's connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::frame::{self, Frame};
use crate::greeting::greet;
use crate::publisher::{Audience, Member, Queue, Sender};
use crate::subscriptions::Wish;

/// How long a subscriber may take to say that it is one.
const GREETING_PATIENCE: Duration = Duration::from_secs(30);

/// How many messages may wait at most before answers to pings are left out.
const MOST_PONGS: usize = 1_000;

/// Serves a subscriber until it goes, or does what is not in the protocol.
pub(crate) async fn serve<S>(mut stream: S, audience: &Arc<Audience>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(GREETING_PATIENCE, greet(&mut stream))
        .await
        .map_err(|_| io::ErrorKind::TimedOut)??;
    let (member, sender, queue) = audience.join();
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        ended = hear(reader, &member, &sender) => ended,
        ended = tell(writer, queue) => ended,
    }
}

/// Does what the subscriber wishes.
async fn hear(mut reader: impl AsyncRead + Unpin, member: &Member, sender: &Sender) -> io::Result<()> {
    loop {
        match Wish::read(Frame::read(&mut reader).await?)? {
            Wish::Subscribe(topic) => {
                member.change(|wants| wants.add(topic)).transpose()?;
            }
            Wish::Cancel(topic) => {
                member.change(|wants| wants.remove(&topic));
            }
            Wish::Pong(said) => sender.send(&frame::command("PONG", &said).into(), MOST_PONGS),
            Wish::Nothing => {}
        }
    }
}

/// Sends what waits for the subscriber.
async fn tell(mut writer: impl AsyncWrite + Unpin, mut queue: Queue) -> io::Result<()> {
    while let Some(message) = queue.next().await {
        writer.write_all(&message).await?;
        queue.sent();
    }
    Ok(())
}
