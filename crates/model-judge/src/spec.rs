//! What one judge is: its kind, its model, its prompt; and how that is read from a scorer's text.

use scoring::{ParamError, Params};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::kind::MOST_LABELS;
use crate::prompt::hex;
use crate::{Kind, Scale, Template};

/// The tokens that a judge may answer with, thinking included, unless it is told otherwise.
const MAX_TOKENS: u32 = 4096;

/// What a rubric says where none is given.
const DEFAULT_RUBRIC: &str =
    "The answer does what the request asks for, is correct, and leaves out what was not asked for.";

/// One judge: everything that decides what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeSpec {
    /// The name of the scorer, such as `judge:rubric`.
    pub name: String,
    /// What it is asked for.
    pub kind: Kind,
    /// The model that judges.
    pub model: String,
    /// By what it judges.
    pub rubric: String,
    /// Its prompt.
    pub template: Template,
    /// What answers are compared with, for pairwise judges.
    pub against: Side,
    /// What is taken to be true, where the prompt shows a reference.
    pub reference: Reference,
    /// Whether the logged answers are judged too.
    pub judges_logged: bool,
    /// The JSON Pointer of what people said of the logged answers, within the dataset row.
    pub human: Option<String>,
    /// The tokens it may answer with.
    pub max_tokens: u32,
}

/// The other answer of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// The logged response.
    Logged,
    /// The answer of the column with this title: a model, or `MODEL/VARIANT`.
    Column(String),
}

/// Where a reference comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference {
    /// The logged response.
    Logged,
    /// What the run was told to expect.
    Given,
    /// A JSON Pointer into the dataset row.
    At(String),
}

impl JudgeSpec {
    /// A judge that says pass or fail by `rubric`, with the default prompt.
    pub fn plain(name: &str, model: &str, rubric: &str) -> Self {
        let kind = Kind::Rubric(Scale::Pass);
        let text = Template::default_text(&kind);
        // The bundled templates are templates: a test holds them to it.
        let template = Template::parse(text, &kind).unwrap_or_else(|error| unreachable!("{error}"));
        Self {
            name: name.to_owned(),
            kind,
            model: model.to_owned(),
            rubric: rubric.to_owned(),
            template,
            against: Side::Logged,
            reference: Reference::Logged,
            judges_logged: false,
            human: None,
            max_tokens: MAX_TOKENS,
        }
    }

    /// Takes a judge of the kind `word` (`rubric`, `pairwise` or `factuality`) from the parameters of its text; `read`
    /// gives the text of a file.
    ///
    /// # Errors
    /// [`ParamError`] for what is missing or does not fit, files and templates included.
    pub fn of(
        word: &str,
        params: &mut Params,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, ParamError> {
        let kind = kind(word, params)?;
        let model = params.text("model")?.filter(|model| !model.is_empty());
        let model =
            model.ok_or_else(|| ParamError::new("model", "`model` says which model judges"))?;
        let file = |name: &str, params: &mut Params| -> Result<Option<String>, ParamError> {
            let path = params.text(name)?;
            path.map(|path| read(&path).map_err(|error| ParamError::new(name, error))).transpose()
        };
        let (inline, from_file) = (params.text("rubric")?, file("file", params)?);
        let rubric = match (inline, from_file) {
            (Some(_), Some(_)) => {
                return Err(ParamError::new(
                    "file",
                    "the rubric is given twice, by `rubric` and by `file`",
                ));
            }
            (inline, from_file) => inline.or(from_file),
        };
        let rubric = rubric.unwrap_or_else(|| DEFAULT_RUBRIC.to_owned()).trim_end().to_owned();
        let text = file("template", params)?;
        let text = text.as_deref().unwrap_or(Template::default_text(&kind));
        let template = Template::parse(text, &kind)
            .map_err(|error| ParamError::new("template", error.to_string()))?;
        let human = params.text("human")?;
        let human = human.map(|at| pointer("human", at)).transpose()?;
        let name = params.text("name")?;
        let spec = Self {
            name: scorer_name(&kind, name)?,
            against: match params.text("against")?.as_deref() {
                None | Some("logged") => Side::Logged,
                Some(column) => Side::Column(column.to_owned()),
            },
            reference: match params.text("reference")?.as_deref() {
                None | Some("logged") => Reference::Logged,
                Some("expected") => Reference::Given,
                Some(at) => Reference::At(pointer("reference", at.to_owned())?),
            },
            // People said something of the logged answers, so the judge is asked about them too.
            judges_logged: params.flag("logged")? || human.is_some(),
            max_tokens: max_tokens(params)?,
            kind,
            model,
            rubric,
            template,
            human,
        };
        spec.check()
    }

    fn check(self) -> Result<Self, ParamError> {
        let with_itself = match self.kind {
            Kind::Pairwise => self.against == Side::Logged,
            Kind::Factuality => self.reference == Reference::Logged,
            Kind::Rubric(_) => false,
        };
        if self.judges_logged && with_itself {
            let param = if self.human.is_some() { "human" } else { "logged" };
            let problem = "logged answers cannot be judged against themselves";
            return Err(ParamError::new(param, problem));
        }
        if self.human.is_some() && self.kind == Kind::Pairwise {
            let problem = "people's labels are compared with a rubric's or a factuality judge's, not with a pairwise one's";
            return Err(ParamError::new("human", problem));
        }
        Ok(self)
    }

    /// Sixteen hex digits that change with everything that decides what the judge is asked; its name and the
    /// people's labels it is compared with do not.
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        let scale = match &self.kind {
            Kind::Rubric(Scale::Labels(labels)) => labels.join("\n"),
            kind => kind.field().to_owned(),
        };
        let against = match &self.against {
            Side::Column(title) if self.kind == Kind::Pairwise => title.as_str(),
            _ => "",
        };
        let reference = match &self.reference {
            _ if !self.needs_reference() => "",
            Reference::Logged => "logged",
            Reference::Given => "expected",
            Reference::At(at) => at,
        };
        let (logged, tokens) = (self.judges_logged.to_string(), self.max_tokens.to_string());
        let parts = [
            // The wording around the template: a new version asks something else.
            "judge 1",
            self.kind.name(),
            &scale,
            &self.model,
            &self.rubric,
            self.template.text(),
            against,
            reference,
            &logged,
            &tokens,
        ];
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        hex(&digest.finalize(), 16)
    }
}

fn kind(word: &str, params: &mut Params) -> Result<Kind, ParamError> {
    let scale = params.text("scale")?;
    let labels = params.value("labels");
    if word != "rubric" {
        let given = scale.is_some().then_some("scale").or(labels.is_some().then_some("labels"));
        if let Some(given) = given {
            return Err(ParamError::new(given, format!("`{given}` belongs to rubrics")));
        }
    }
    Ok(match word {
        "pairwise" => Kind::Pairwise,
        "factuality" => Kind::Factuality,
        _ => Kind::Rubric(self::scale(scale.as_deref(), labels)?),
    })
}

fn scale(word: Option<&str>, labels: Option<Value>) -> Result<Scale, ParamError> {
    match (word, labels) {
        (None | Some("label"), Some(labels)) => {
            let problem = || {
                let problem = format!(
                    "`labels` are 2 to {MOST_LABELS} different texts, such as [\"good\", \"bad\"]"
                );
                ParamError::new("labels", problem)
            };
            let labels: Vec<String> = serde_json::from_value(labels).map_err(|_| problem())?;
            let distinct =
                labels.iter().enumerate().all(|(at, label)| !labels[..at].contains(label));
            let sound = labels.iter().all(|label| {
                !label.trim().is_empty() && label.trim() == label && label.len() <= 200
            });
            if !(2..=MOST_LABELS).contains(&labels.len()) || !distinct || !sound {
                return Err(problem());
            }
            Ok(Scale::Labels(labels))
        }
        (Some("label"), None) => {
            Err(ParamError::new("scale", "`labels` says which labels there are"))
        }
        (None | Some("pass"), None) => Ok(Scale::Pass),
        (Some("grade"), None) => Ok(Scale::Grade),
        (Some("pass" | "grade"), Some(_)) => {
            Err(ParamError::new("labels", "`labels` belongs to scale=\"label\""))
        }
        (Some(_), _) => {
            Err(ParamError::new("scale", "`scale` is \"pass\", \"grade\" or \"label\""))
        }
    }
}

fn scorer_name(kind: &Kind, name: Option<String>) -> Result<String, ParamError> {
    let name = name.unwrap_or_else(|| kind.name().to_owned());
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_part) {
        return Err(ParamError::new("name", "`name` is made of at most 40 of a-z, 0-9 and `-`"));
    }
    Ok(format!("judge:{name}"))
}

fn pointer(param: &str, at: String) -> Result<String, ParamError> {
    if at.starts_with('/') {
        return Ok(at);
    }
    Err(ParamError::new(
        param,
        format!("`{param}` is a JSON Pointer into the dataset row, such as \"/metadata/label\""),
    ))
}

fn max_tokens(params: &mut Params) -> Result<u32, ParamError> {
    let Some(value) = params.value("max-tokens") else { return Ok(MAX_TOKENS) };
    let tokens = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let tokens = tokens
        .and_then(|tokens| u32::try_from(tokens).ok())
        .filter(|tokens| (16..=65_536).contains(tokens));
    tokens.ok_or_else(|| ParamError::new("max-tokens", "`max-tokens` is a number from 16 to 65536"))
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
