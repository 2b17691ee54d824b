//! Asks a judge about two letters, in both orders, and reads what it says.

use model_judge::{JudgeSpec, Kind, Material, Order, Sheet, Template, read};

fn main() {
    let template = Template::parse("{{answer_a}}\n\n{{answer_b}}\n\n{{scale}}", &Kind::Pairwise);
    let judge = JudgeSpec {
        kind: Kind::Pairwise,
        template: template.expect("it is one"),
        ..JudgeSpec::plain("judge:letters", "some-model", "The letter is short.")
    };
    let material = Material { answer: "Dear all, hello.", other: "Hi!", ..Material::default() };
    let mut sheet = Sheet::new(judge.kind.clone(), 1);
    for (order, winner) in [(Order::Forward, "B"), (Order::Backward, "A")] {
        let request = judge.request(material, order).to_string();
        assert!(request.contains("Dear all") && request.contains("Hi!"));
        sheet.ask(0, order);
        let said = format!(r#"{{\"reason\": \"It is shorter.\", \"winner\": \"{winner}\"}}"#);
        let line = format!(
            r#"{{"response": {{"candidates": [{{"finishReason": "STOP",
                "content": {{"parts": [{{"text": "{said}"}}]}}}}]}}}}"#
        );
        sheet.note(0, order, read(&judge.kind, line.as_bytes()));
    }
    let tally = sheet.tally();
    assert_eq!((tally.wins, tally.losses, tally.split), (0, 1, 0));
    println!("the first letter lost, whichever stood first");
}
