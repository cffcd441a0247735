//! `estimatesmartfee` and `estimaterawfee`: what has to be paid to be confirmed in time.

use encoding::amount::to_json;
use mempool::FeeRate;
use mempool::estimator::{FeeEstimator, Horizon, Mode, Range, RawEstimate};
use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, ShapeKind, code};
use serde_json::{Map, Value, json};

use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

/// The part of all transactions that must have been confirmed in time, unless another is asked for.
const THRESHOLD: f64 = 0.95;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![estimatesmartfee(node.clone()), estimaterawfee(node.clone())]
}

fn target_param() -> Param {
    Param::required(
        "conf_target",
        Kind::Number,
        "Within how many blocks a transaction should be confirmed (1 - 1008)",
    )
}

fn estimatesmartfee(node: Node) -> Method {
    Method::declare(
        "util",
        "estimatesmartfee",
        "Estimates what to pay for 1,000 virtual bytes to be confirmed within so many blocks, by how it went with others.",
    )
    .param(target_param())
    .param(Param::defaulted(
        "estimate_mode",
        Kind::String,
        "conservative",
        "\"economical\" follows what is paid at present more closely, \"conservative\" looks back for longer; \"unset\" is \
         \"conservative\"",
    ))
    .result(shapes::object(vec![
        (
            "feerate",
            shapes::amount("What to pay for 1,000 virtual bytes, in coins").optional(),
        ),
        (
            "errors",
            shapes::array(shapes::text("Why nothing is estimated")).optional(),
        ),
        (
            "blocks",
            shapes::number("Within how many blocks, which differs from what was asked where that is not known"),
        ),
    ]))
    .example("6", "6")
    .handle(move |request| {
        let node = node.clone();
        async move {
            // The pool may be at work.
            blocking(&node, move |node| estimate_smartly(node, &request)).await
        }
    })
}

fn estimate_smartly(node: &NodeState, request: &Request) -> Outcome {
    let highest = ask(node, |fees| fees.highest_target(Horizon::Long))?;
    let target = target(request.arguments.value("conf_target"), highest)?;
    let mode = match request.arguments.optional::<String>("estimate_mode")? {
        None => Mode::Conservative,
        Some(name) => mode(&name)?,
    };
    let estimate = ask(node, |fees| fees.smart_estimate(target, mode))?;
    let mut told = Map::new();
    match estimate
        .and_then(|estimate| estimate.rate)
        .filter(|rate| *rate != FeeRate::ZERO)
    {
        Some(rate) => {
            let now = node.chain.clock().now();
            let least = node
                .pool
                .with(|pool| pool.minimum_rate(now).max(pool.config().min_relay));
            told.insert("feerate".to_owned(), to_json(rate.max(least).units()));
        }
        None => {
            told.insert(
                "errors".to_owned(),
                json!(["Insufficient data or no feerate found"]),
            );
        }
    }
    told.insert(
        "blocks".to_owned(),
        estimate.map_or(0, |estimate| estimate.target).into(),
    );
    Ok(told.into())
}

fn estimaterawfee(node: Node) -> Method {
    Method::declare(
        "hidden",
        "estimaterawfee",
        "Tells what each horizon says of being confirmed within so many blocks. The results may change from version to version.",
    )
    .param(target_param())
    .param(Param::defaulted(
        "threshold",
        Kind::Number,
        THRESHOLD,
        "The part of all transactions of a range of rates that must have been confirmed in time",
    ))
    .result(shapes::object(
        HORIZONS.map(|(name, _)| (name, horizon_shape().optional())).to_vec(),
    ))
    .example("6 0.9", "6, 0.9")
    .handle(move |request| {
        let node = node.clone();
        async move {
            blocking(&node, move |node| estimate_by_horizons(node, &request)).await
        }
    })
}

fn estimate_by_horizons(node: &NodeState, request: &Request) -> Outcome {
    let highest = ask(node, |fees| fees.highest_target(Horizon::Long))?;
    let target = target(request.arguments.value("conf_target"), highest)?;
    let threshold = request.arguments.value("threshold").as_f64().unwrap_or(THRESHOLD);
    if !(0.0..=1.0).contains(&threshold) {
        return Err(RpcError::invalid_parameter("Invalid threshold"));
    }
    ask(node, |fees| {
        let told = HORIZONS.iter().filter_map(|(name, horizon)| {
            let estimate = fees.raw_estimate(target, threshold, *horizon)?;
            Some(((*name).to_owned(), describe(&estimate)))
        });
        Value::Object(told.collect())
    })
}

const HORIZONS: [(&str, Horizon); 3] = [
    ("short", Horizon::Short),
    ("medium", Horizon::Medium),
    ("long", Horizon::Long),
];

fn horizon_shape() -> Shape {
    let range = |description: &'static str| {
        let members = vec![
            ("startrange", shapes::number("The rate above which it begins")),
            ("endrange", shapes::number("The rate with which it ends")),
            ("withintarget", shapes::number("How many were confirmed in time")),
            ("totalconfirmed", shapes::number("How many were confirmed")),
            ("inmempool", shapes::number("How many have waited for longer")),
            (
                "leftmempool",
                shapes::number("How many went without having been confirmed in time"),
            ),
        ];
        Shape::new(ShapeKind::Object(members), description).optional()
    };
    shapes::object(vec![
        (
            "feerate",
            shapes::amount("What to pay for 1,000 virtual bytes, in coins").optional(),
        ),
        ("decay", shapes::number("What a block ago counts for")),
        ("scale", shapes::number("How many blocks are counted as one")),
        ("pass", range("The lowest range of rates that is enough")),
        ("fail", range("The highest range of rates that is not")),
        (
            "errors",
            shapes::array(shapes::text("Why nothing is estimated")).optional(),
        ),
    ])
}

fn ask<T>(node: &NodeState, ask: impl FnOnce(&FeeEstimator) -> T) -> Result<T, RpcError> {
    let answer = node.pool.ask_fees(ask);
    answer.ok_or_else(|| RpcError::new(code::INTERNAL_ERROR, "Fee estimation disabled"))
}

fn target(value: &Value, highest: u32) -> Result<u32, RpcError> {
    let target = values::small_integer(value)?;
    u32::try_from(target)
        .ok()
        .filter(|target| (1..=highest).contains(target))
        .ok_or_else(|| {
            RpcError::invalid_parameter(format!("Invalid conf_target, must be between 1 and {highest}"))
        })
}

fn mode(name: &str) -> Result<Mode, RpcError> {
    match name.to_ascii_lowercase().as_str() {
        "unset" | "conservative" => Ok(Mode::Conservative),
        "economical" => Ok(Mode::Economical),
        _ => Err(RpcError::invalid_parameter(
            "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"",
        )),
    }
}

fn describe(estimate: &RawEstimate) -> Value {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| told.insert(name.to_owned(), value);
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    let rate = estimate
        .rate
        .map(|rate| rate.round() as i64)
        .filter(|rate| *rate != 0);
    if let Some(rate) = rate {
        tell("feerate", to_json(rate));
    }
    tell("decay", values::double(estimate.decay));
    tell("scale", estimate.scale.into());
    if rate.is_some()
        && let Some(pass) = &estimate.pass
    {
        tell("pass", range(pass));
    }
    if let Some(fail) = &estimate.fail {
        tell("fail", range(fail));
    }
    if rate.is_none() {
        tell(
            "errors",
            json!(["Insufficient data or no feerate found which meets threshold"]),
        );
    }
    told.into()
}

fn range(range: &Range) -> Value {
    let hundredths = |number: f64| values::double((number * 100.0).round() / 100.0);
    json!({
        "startrange": values::double(range.start.round()),
        "endrange": values::double(range.end.round()),
        "withintarget": hundredths(range.within_target),
        "totalconfirmed": hundredths(range.total_confirmed),
        "inmempool": hundredths(range.in_mempool),
        "leftmempool": hundredths(range.left_mempool),
    })
}
