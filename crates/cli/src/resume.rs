//! `batch-eval resume`: goes on with a run from wherever it was stopped.

use crate::args::ResumeArgs;
use crate::context::Context;
use crate::exit::Outcome;
use crate::key;
use crate::steps::{self, Wishes};

pub(crate) async fn resume(context: &Context, args: &ResumeArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    context.ui.note(&format!("run        {}", folder.manifest().name.as_str()));
    let locked = steps::lock(context, folder)?;
    let accept_partial = args.accept_partial;
    let refetch = args.refetch;
    let wishes = Wishes { pace: &args.pace, key: key.as_ref(), accept_partial, refetch };
    steps::go_on(context, locked, &wishes).await
}
