//! `batch-eval resume`: goes on with a run from wherever it was stopped.

use crate::args::ResumeArgs;
use crate::context::Context;
use crate::exit::Outcome;
use crate::steps::{self, Wishes};

pub(crate) async fn resume(context: &Context, args: &ResumeArgs) -> Outcome<()> {
    if args.key.api_key.is_some() {
        return Err(crate::key::refuse_argument());
    }
    let folder = context.find(args.run.run.as_deref())?;
    context.ui.note(&format!("run        {}", folder.manifest().name.as_str()));
    let locked = steps::lock(context, folder)?;
    let wishes = Wishes { pace: &args.pace, keys: &args.key, accept_partial: args.accept_partial };
    steps::go_on(context, locked, &wishes).await
}
