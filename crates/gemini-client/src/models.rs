//! Models at the service: looking at them, listing, counting tokens, asking one for one answer.

use batch_backend::{BackendError, ModelId, Operation, PageToken};
use reqwest::{Method, Url};
use serde_json::value::RawValue;

use crate::cause::Cause;
use crate::client::Client;
use crate::error::{About, Thing};
use crate::exchange::Call;
use crate::failure::{Answer, Failure};
use crate::files::{paged, raw, sense, sensible, whole};
use crate::lenient::{count, nested, text};
use crate::name;
use crate::policy::CallClass;
use crate::spelling::closest;
use crate::wire::{self, Nonsense, Page};

/// All models fit on one page of this size, which is the most the service gives.
const ALL_MODELS: &str = "1000";

/// A model at the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Model {
    /// Its name.
    pub id: ModelId,
    /// The name it is shown under.
    pub label: Option<String>,
    /// The most tokens of a request.
    pub input_tokens: Option<u64>,
    /// The most tokens of an answer.
    pub output_tokens: Option<u64>,
    /// The methods it says it supports, such as `batchGenerateContent`.
    pub methods: Vec<String>,
    /// All of it, as it came.
    pub json: Box<RawValue>,
}

/// One page of a list of models.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ModelPage {
    /// The models, in the service's order.
    pub models: Vec<Model>,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
}

/// How many tokens a request has.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenCount {
    /// All of them.
    pub total: u64,
    /// The whole answer, as it came: counts by kind of content, and what is cached.
    pub json: Box<RawValue>,
}

impl Client {
    /// Looks at one model.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](batch_backend::ErrorKind::NotFound) for a model that the service
    /// does not have in this version; the hint names those that are spelt much like it.
    pub async fn get_model(&self, model: &ModelId) -> Result<Model, BackendError> {
        let about = About { thing: Thing::Model, ..self.about(Operation::Get, model.as_str()) };
        let url = self.at(&name::model_path(model));
        let call = Call::new(CallClass::Read, Method::GET, url);
        match self.call(&call, |answer| whole(answer, Model::read)).await.result {
            Ok(model) => Ok(model),
            Err(failure) => Err(self.failed_model(failure, model, about).await),
        }
    }

    /// One page of the models; `None` asks for the first page.
    ///
    /// # Errors
    /// Any [`BackendError`]; a page that failed says nothing about which models exist.
    pub async fn list_models(&self, page: Option<&PageToken>) -> Result<ModelPage, BackendError> {
        let about = self.about(Operation::List, "models");
        let call = Call::new(CallClass::Read, Method::GET, paged(self.at("models"), page));
        let tries = self.call(&call, |answer| sense(ModelPage::read(&answer.body))).await;
        tries.result.map_err(|failure| about.failed(failure))
    }

    /// Counts the tokens of a request. `body` goes out as it is: `{"contents":[…]}`, or
    /// `{"generateContentRequest":{"model":"models/…",…}}` to count instructions and tools too.
    /// Free of charge.
    ///
    /// # Errors
    /// Any [`BackendError`].
    pub async fn count_tokens(
        &self,
        model: &ModelId,
        body: &RawValue,
    ) -> Result<TokenCount, BackendError> {
        let subject = format!("a request to {model}");
        let about = About { thing: Thing::Model, ..self.about(Operation::Count, &subject) };
        let call = self.model_call(CallClass::Read, model, "countTokens", body);
        match self.call(&call, |answer| whole(answer, TokenCount::read)).await.result {
            Ok(tokens) => Ok(tokens),
            Err(failure) => Err(self.failed_model(failure, model, about).await),
        }
    }

    /// Asks a model for one answer, now and at the full price. `request` goes out and the answer
    /// comes back as it is. A row of a job has the same request, so this is the way to try one.
    ///
    /// # Errors
    /// Any [`BackendError`]. After a lost answer it is not asked again, and
    /// [`applied`](BackendError::applied) is `Maybe`: it may have been paid for.
    pub async fn generate_content(
        &self,
        model: &ModelId,
        request: &RawValue,
    ) -> Result<Box<RawValue>, BackendError> {
        let subject = format!("{model} for an answer");
        let about = About { thing: Thing::Model, ..self.about(Operation::Ask, &subject) };
        let call = self.model_call(CallClass::Generate, model, "generateContent", request);
        let read = |answer: &Answer| {
            let json = raw(answer)?;
            let object = sense(wire::object::<wire::Anything>(json.get().as_bytes()));
            object.map(|_| json.to_owned())
        };
        match self.call(&call, read).await.result {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.failed_model(failure, model, about).await),
        }
    }

    fn model_call(&self, class: CallClass, model: &ModelId, verb: &str, body: &RawValue) -> Call {
        let url = self.at(&format!("{}:{verb}", name::model_path(model)));
        Call::new(class, Method::POST, url).json(body.get().as_bytes().to_vec())
    }

    /// The error of a call that needs a model. Where the model is not there, the models are listed,
    /// once, to say which ones are spelt much like it; without that list the error is as good.
    pub(crate) async fn failed_model(
        &self,
        failure: Failure,
        model: &ModelId,
        about: About<'_>,
    ) -> BackendError {
        let unknown = match &failure {
            Failure::Refused(no) => Cause::of_answer(no, &about) == Cause::Model,
            _ => false,
        };
        let close = if unknown { self.close_models(model).await } else { Vec::new() };
        about.failed_near(failure, close)
    }

    async fn close_models(&self, model: &ModelId) -> Vec<ModelId> {
        let mut url: Url = self.at("models");
        url.query_pairs_mut().append_pair("pageSize", ALL_MODELS);
        let call = Call::new(CallClass::Read, Method::GET, url);
        let page = match self.once(&call, 1).await {
            Ok(answer) => ModelPage::read(&answer.body).unwrap_or_default(),
            Err(_) => ModelPage::default(),
        };
        closest(model, page.models.into_iter().map(|model| model.id))
    }
}

impl Model {
    fn read(json: &RawValue) -> Result<Self, Nonsense> {
        let model: wire::Model<'_> = wire::object(json.get().as_bytes())?;
        let given = text(model.name).unwrap_or_default();
        let odd = |_| Nonsense(format!("unexpected name of a model: {given}"));
        Ok(Self {
            id: ModelId::parse(&given).map_err(odd)?,
            label: text(model.display_name),
            input_tokens: count(model.input_token_limit),
            output_tokens: count(model.output_token_limit),
            methods: nested(model.supported_generation_methods).unwrap_or_default(),
            json: json.to_owned(),
        })
    }
}

impl ModelPage {
    fn read(body: &[u8]) -> Result<Self, Nonsense> {
        let page = Page::read(body)?;
        let models = sensible(page.models(), Model::read);
        Ok(Self { models, next: page.next().map(PageToken::new) })
    }
}

impl TokenCount {
    fn read(json: &RawValue) -> Result<Self, Nonsense> {
        let tokens: wire::Tokens<'_> = wire::object(json.get().as_bytes())?;
        let none = || Nonsense("the answer has no count of tokens".to_owned());
        Ok(Self { total: count(tokens.total_tokens).ok_or_else(none)?, json: json.to_owned() })
    }
}
