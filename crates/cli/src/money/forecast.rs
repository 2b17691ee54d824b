//! The forecast of a run: tokens and money for each model and variant, and together.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use batch_backend::ModelId;
use batch_cost::{Assumptions, Basis, Cost, Forecast, Money, Pairs, Range, Total};
use batch_orchestrator::Clock as _;
use eval_report::sanitize;
use gemini_client::Client;
use run_store::{Asked, JobLoad, Made, MadeInput, Manifest, RunPaths};
use serde_json::{Value, json};

use super::census::{Look, Trouble, looks};
use super::count::count;
use super::quotes::Quotes;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::grading;
use crate::judge::is_varied;
use crate::ui::Ui;
use crate::words::rows;

/// How long the service may take to count.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes a token, where nothing at all is known: only for telling how heavy a job is in the queue.
const BYTES_A_TOKEN: u64 = 4;

/// The forecast of one model under one variant.
#[derive(Debug)]
struct Part {
    name: String,
    variant: u32,
    forecast: Forecast,
}

/// What a run may cost.
#[derive(Debug)]
pub(crate) struct Forecasted {
    parts: Vec<Part>,
    /// What each judge may cost.
    judges: Vec<(String, Cost)>,
    pub(crate) total: Total,
    prices: Option<String>,
}

/// Forecasts a run that has been prepared, and puts into `made` what its jobs weigh.
///
/// With a `client`, some of the requests are counted by the service, for models that cost money.
pub(crate) async fn forecast(
    context: &Context,
    paths: &RunPaths,
    asked: &Asked,
    made: &mut Made,
    quotes: &Quotes,
    client: Option<&Client>,
) -> Outcome<Forecasted> {
    let variants = u32::try_from(asked.variants.len()).unwrap_or(u32::MAX);
    let keep_sample = client.is_some() && !quotes.is_free();
    let looks = looks(&context.stop, paths, &made.inputs, variants, keep_sample);
    let looks = looks.map_err(|error| match error {
        Trouble::Store(error) => store(&error),
        Trouble::Read(_) | Trouble::Index(_) => {
            context.stop.failure().unwrap_or_else(|| Failure::of(Exit::Io, &error))
        }
    })?;
    let mut parts = Vec::new();
    let mut total = Total::default();
    for (variant, look) in (0u32..).zip(&looks) {
        for model in &asked.models {
            let part = part(context, asked, variant, look, model, quotes, client).await?;
            total.add(&part.name, &part.forecast.cost);
            parts.push(part);
        }
    }
    let judges = judges(context, asked, &parts, quotes);
    for (name, cost) in &judges {
        total.add(name, cost);
    }
    weigh(made, &parts);
    let forecasted = Forecasted { parts, judges, total, prices: quotes.name() };
    made.forecast = (!quotes.is_free()).then(|| forecasted.kept());
    Ok(forecasted)
}

/// What judges among the scorers may cost.
fn judges(
    context: &Context,
    asked: &Asked,
    parts: &[Part],
    quotes: &Quotes,
) -> Vec<(String, Cost)> {
    // What asks a judge is a run itself, without scorers.
    if asked.scorers.is_empty() {
        return Vec::new();
    }
    let expected = |part: &Part| {
        let Forecast { rows, input, output, .. } = part.forecast;
        grading::Expected { rows, input, output }
    };
    let columns: Vec<_> = parts.iter().map(expected).collect();
    grading::forecast(&context.desk, &columns, quotes)
}

async fn part(
    context: &Context,
    asked: &Asked,
    variant: u32,
    look: &Look,
    model: &str,
    quotes: &Quotes,
    client: Option<&Client>,
) -> Outcome<Part> {
    let name = match asked.variants.get(variant as usize) {
        Some(named) if is_varied(&asked.variants) => format!("{model}/{}", named.name),
        _ => model.to_owned(),
    };
    let quote = quotes.quote(model);
    let free = matches!(quote, batch_cost::Quote::Free);
    let counted = match client.filter(|_| !free && !look.sample.is_empty()) {
        Some(client) => {
            let model = ModelId::parse(model).map_err(|e| Failure::usage(e.to_string()))?;
            context.ui.note(&format!(
                "counting   tokens of {} at the service, free of charge",
                rows(look.sample.len() as u64)
            ));
            counted(context, client, &model, look).await
        }
        None => None,
    };
    let forecast = Forecast::new(&look.census, counted.as_ref(), &quote, Assumptions::default());
    Ok(Part { name, variant, forecast })
}

/// What the service counts, if it does so in good time: a forecast is not worth waiting for.
async fn counted(
    context: &Context,
    client: &Client,
    model: &ModelId,
    look: &Look,
) -> Option<Pairs> {
    let counted = tokio::select! {
        counted = count(client, model, &look.sample) => counted.map_err(|error| error.to_string()),
        () = context.clock.sleep(PATIENCE) => Err("it takes too long".to_owned()),
    };
    let say = |why: &String| {
        context.ui.note(&format!("note       tokens are not counted: {}", sanitize(why)));
    };
    counted.inspect_err(say).ok()
}

/// What each job weighs: its share of its variant's bytes. The shares add up to the whole.
fn weigh(made: &mut Made, parts: &[Part]) {
    let variants: BTreeSet<u32> = made.inputs.iter().map(|input| input.id.variant).collect();
    for variant in variants {
        let own = |input: &&mut MadeInput| input.id.variant == variant;
        let whole: u64 = made.inputs.iter_mut().filter(own).map(|input| input.bytes).sum();
        let mut before = 0u64;
        for input in made.inputs.iter_mut().filter(own) {
            let (start, end) = (before, before + input.bytes);
            before = end;
            // Borders are rounded, not shares.
            let border = |of: u64, at: u64| {
                let part = u128::from(of) * u128::from(at) / u128::from(whole.max(1));
                u64::try_from(part).unwrap_or(u64::MAX)
            };
            let share = |of: u64| border(of, end) - border(of, start);
            let load = |part: &Part| JobLoad {
                tokens: match part.forecast.input {
                    Some(tokens) => share(tokens.mid),
                    None => input.bytes.div_ceil(BYTES_A_TOKEN),
                },
                cost: match &part.forecast.cost {
                    Cost::Free => Some(0),
                    Cost::Known(range) => Some(share(range.high.micros())),
                    _ => None,
                },
            };
            let parts = parts.iter().filter(|part| part.variant == variant);
            input.loads = parts.map(load).collect();
        }
    }
}

impl Forecasted {
    /// What is written down of it.
    fn kept(&self) -> run_store::Forecast {
        let tokens = |of: fn(&Forecast) -> Option<Range<u64>>| {
            self.parts.iter().map(|part| of(&part.forecast).map(|range| range.mid)).sum()
        };
        let known = self.total.unknown.is_empty();
        let micros = |money: Money| known.then(|| money.micros());
        run_store::Forecast {
            input_tokens: tokens(|forecast| forecast.input),
            output_tokens: tokens(|forecast| forecast.output),
            low: micros(self.total.cost.low),
            likely: micros(self.total.cost.mid),
            high: micros(self.total.cost.high),
            prices: self.prices.clone(),
        }
    }
}

/// What a run may cost by the forecast that was written down when it was made; nothing where
/// nothing is paid for.
pub(crate) fn remembered(forecast: Option<&run_store::Forecast>) -> Total {
    let mut total = Total::default();
    let Some(forecast) = forecast else { return total };
    match (forecast.low, forecast.likely, forecast.high) {
        (Some(low), Some(likely), Some(high)) => {
            let [low, likely, high] = [low, likely, high].map(Money::from_micros);
            total.cost = Range::around(low, likely, high);
        }
        _ => total.unknown.push("the run".to_owned()),
    }
    total
}

/// The forecast that a run was made with, as far as it was written down.
pub(crate) fn kept_forecast(manifest: &Manifest) -> Forecasted {
    let kept = manifest.made.forecast.as_ref();
    let prices = kept.and_then(|forecast| forecast.prices.clone());
    Forecasted { parts: Vec::new(), judges: Vec::new(), total: remembered(kept), prices }
}

/// Says what the run may cost; nothing where nothing is paid for.
pub(crate) fn tell(context: &Context, forecasted: &Forecasted) -> Outcome<()> {
    if forecasted.prices.is_none() {
        return Ok(());
    }
    if context.ui.json {
        return Ui::object(&as_json(forecasted));
    }
    for part in &forecasted.parts {
        context.ui.note(&format!("forecast   {}", line(part)));
    }
    for (name, cost) in &forecasted.judges {
        context.ui.note(&format!(
            "forecast   {}, when the answers are here: {}",
            sanitize(name),
            cost_text(cost)
        ));
    }
    if forecasted.parts.len() + forecasted.judges.len() != 1 {
        context.ui.note(&format!("forecast   together {}", together(&forecasted.total)));
    }
    Ok(())
}

fn line(part: &Part) -> String {
    let forecast = &part.forecast;
    let mut line = format!("{}: {}", sanitize(&part.name), rows(forecast.rows));
    let mut tokens = |range: Option<Range<u64>>, basis: Basis, what: &str| {
        // Writing to a string cannot fail.
        let _ = match range {
            Some(range) => {
                write!(line, ", {} tokens {what} ({})", range.mid, on(basis))
            }
            None => write!(line, ", unknown tokens {what}"),
        };
    };
    tokens(forecast.input, forecast.input_basis, "in");
    tokens(forecast.output, forecast.output_basis, "out");
    format!("{line}: {}", cost_text(&forecast.cost))
}

fn cost_text(cost: &Cost) -> String {
    match cost {
        Cost::Free => "free".to_owned(),
        Cost::Known(range) => money(range),
        Cost::Unknown(why) => format!("cost unknown: {why}"),
        _ => "cost unknown".to_owned(),
    }
}

fn on(basis: Basis) -> String {
    match basis {
        Basis::Counted(rows) => format!("from {rows} counted rows"),
        Basis::Logged(rows) => format!("from {rows} logged rows"),
        Basis::Caps => "the requests' own limits".to_owned(),
        _ => "no data".to_owned(),
    }
}

fn money(range: &Range<Money>) -> String {
    if range.is_exact() {
        return range.mid.to_string();
    }
    format!("{} to {}, likely {}", range.low, range.high, range.mid)
}

/// The sum, and what it lacks.
pub(super) fn together(total: &Total) -> String {
    if total.unknown.is_empty() {
        return money(&total.cost);
    }
    let names: Vec<_> = total.unknown.iter().map(|name| sanitize(name)).collect();
    format!("{}, and the unknown cost of {}", money(&total.cost), names.join(", "))
}

/// The forecast for programs, in millionths of a dollar.
pub(crate) fn as_json(forecasted: &Forecasted) -> Value {
    let micros = |range: &Range<Money>| json!({"low": range.low.micros(), "likely": range.mid.micros(), "high": range.high.micros()});
    let tokens = |range: Option<Range<u64>>| {
        range.map(|range| json!({"low": range.low, "likely": range.mid, "high": range.high}))
    };
    let priced = |cost: &Cost| match cost {
        Cost::Free => (Some(json!({"low": 0, "likely": 0, "high": 0})), None),
        Cost::Known(range) => (Some(micros(range)), None),
        Cost::Unknown(why) => (None, Some(why.to_string())),
        _ => (None, None),
    };
    let judge = |(name, cost): &(String, Cost)| {
        let (cost, why) = priced(cost);
        json!({"name": name, "cost_micros": cost, "unknown": why})
    };
    let part = |part: &Part| {
        let (cost, why) = priced(&part.forecast.cost);
        json!({
            "name": part.name, "rows": part.forecast.rows,
            "input_tokens": tokens(part.forecast.input),
            "output_tokens": tokens(part.forecast.output),
            "cost_micros": cost, "unknown": why,
        })
    };
    json!({
        "type": "forecast",
        "parts": forecasted.parts.iter().map(part).collect::<Vec<_>>(),
        "judges": forecasted.judges.iter().map(judge).collect::<Vec<_>>(),
        "cost_micros": micros(&forecasted.total.cost),
        "unknown": forecasted.total.unknown,
        "prices": forecasted.prices,
    })
}
