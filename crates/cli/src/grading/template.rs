//! `batch-eval judge template`: the prompt of a judge, to be changed.

use model_judge::{Kind, Scale, Template};

use crate::args::{JudgeArgs, JudgeKind, JudgeWhat};
use crate::exit::Outcome;
use crate::ui::Ui;

pub(crate) fn judge(ui: Ui, args: &JudgeArgs) -> Outcome<()> {
    let JudgeWhat::Template { kind } = args.what;
    let kind = match kind {
        JudgeKind::Rubric => Kind::Rubric(Scale::Pass),
        JudgeKind::Pairwise => Kind::Pairwise,
        JudgeKind::Factuality => Kind::Factuality,
    };
    let text = Template::default_text(&kind);
    if ui.json {
        return Ui::object(&serde_json::json!({
            "type": "judge_template", "kind": kind.name(), "template": text,
        }));
    }
    Ui::result(text.trim_end())
}
