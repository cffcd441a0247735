//! How values are drawn.

mod bitcoin;
mod chain;
mod node;
mod wallet;

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::crossing::{Crossing, choices, plain, structures};
use super::draw::Draw;
use crate::{BlockRef, BlockVerdict, FeeRate, Json, Refusal, Secret, UnixTime};

/// Numbers: often the smallest, the largest and what is next to them.
macro_rules! numbers {
    ($($type:ident)*) => {
        plain! {
            $($type => |draw| match draw.below(6) {
                0 => $type::MIN,
                1 => $type::MAX,
                2 => 1,
                _ => $type::from_le_bytes(draw.bytes()),
            };)*
        }
    };
}

numbers! { u8 u16 u32 u64 i32 i64 }

plain! {
    () => |_draw| ();
    bool => |draw| draw.below(2) == 1;
    f64 => |draw| match draw.below(5) {
        0 => 0.0,
        1 => f64::MIN_POSITIVE,
        2 => f64::MAX,
        3 => 1.0,
        _ => f64::from(u32::draw(draw)) / f64::from(u32::MAX),
    };
    String => |draw| match draw.below(6) {
        0 => String::new(),
        1 => "₿ 😀 \u{0}\n\\\"%s".to_owned(),
        2 => "x".repeat(1 + draw.bytes::<1>()[0] as usize),
        _ => format!("{:x}", draw.number()),
    };
    [u8; 32] => |draw| match draw.below(4) {
        0 => [0; 32],
        _ => draw.bytes(),
    };
    // Eighths of seconds: what a floating-point number of seconds or milliseconds tells exactly.
    Duration => |draw| match draw.below(4) {
        0 => Duration::ZERO,
        _ => Duration::from_millis(125 * draw.below(1 << 32)),
    };
    UnixTime => |draw| UnixTime::from_seconds(i64::draw(draw));
    FeeRate => |draw| FeeRate::from_sat_per_kvb(u64::draw(draw));
    Refusal => |draw| Refusal::new(String::draw(draw));
    BlockRef => |draw| BlockRef { hash: Crossing::draw(draw), height: u32::draw(draw) >> 1 };
    BlockVerdict => |draw| match draw.below(2) {
        0 => BlockVerdict::Accepted,
        _ => BlockVerdict::Refused { reason: String::draw(draw), debug: String::draw(draw) },
    };
    Json => |draw| draw_json(draw, 3);
}

structures! {
    RpcCommand { category, name, parameters }
    RpcRequest { method, parameters, uri, user, help }
    RpcFailure { code, message }
    FeeEstimate { fee_rate, target_blocks, reason }
}

choices! {
    FeeEstimateMode { Unset, Economical, Conservative }
    FeeReason {
        None, HalfEstimate, FullEstimate, DoubleEstimate, Conservative, MempoolMin, Chosen, Fallback, Required
    }
}

fn draw_json(draw: &mut Draw, depth: u64) -> Json {
    match draw.below(if depth > 0 { 7 } else { 5 }) {
        0 => Json::Null,
        1 => bool::draw(draw).into(),
        2 => i64::draw(draw).into(),
        3 => u64::draw(draw).into(),
        4 => String::draw(draw).into(),
        5 => (0..draw.below(4)).map(|_| draw_json(draw, depth - 1)).collect(),
        _ => (0..draw.below(4))
            .map(|_| (String::draw(draw), draw_json(draw, depth - 1)))
            .collect(),
    }
}

impl Crossing for Secret {
    fn draw(draw: &mut Draw) -> Self {
        match draw.below(2) {
            0 => String::draw(draw).into(),
            _ => Vec::<u8>::draw(draw).into(),
        }
    }

    fn describe(&self) -> BoxFuture<'_, String> {
        std::future::ready(format!("{:?}", self.expose())).boxed()
    }
}
