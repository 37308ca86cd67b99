//! `--list`: an entry of a workflow as one record, fields between tabs or a JSON object.

use failure::Failure;
use serde_json::json;
use ui::Context;
use workflow::{JobEntry, MatrixKeys, Standing, Unread};

/// The value of an empty field.
const NOTHING: &str = "-";

/// Prints `standing job name runs-on container compiler version image`; if no image is wanted, the last field is the
/// reason.
pub(crate) fn print(
    context: &Context,
    entry: &JobEntry,
    standing: &Standing,
    keys: &MatrixKeys,
) -> Result<(), Failure> {
    let facts = entry.facts(keys);
    let (is, image, why) = match standing {
        Standing::Wants(wanted) => ("selected", wanted.image_name().ok(), None),
        Standing::Unread(Unread::PassedOver(why)) => ("passed over", None, Some(why)),
        Standing::Unread(Unread::Unreadable(why)) => ("unreadable", None, Some(why)),
    };
    let image = image.map(|name| name.to_string());
    let field = |text: Option<&String>| text.map_or(NOTHING, |text| text.as_str()).to_owned();
    let fields = [
        is.to_owned(),
        entry.job.clone(),
        entry.name.clone(),
        field(facts.runs_on.as_ref()),
        field(facts.container.as_ref()),
        field(facts.compiler.as_ref()),
        field(facts.version.as_ref()),
        field(image.as_ref().or(why)),
    ];
    let line = fields
        .map(|field| naming::visible(field.chars()))
        .join("\t");
    context.out.record(&line, || {
        json!({
            "standing": is,
            "job": entry.job,
            "name": entry.name,
            "line": entry.at.line,
            "runs_on": facts.runs_on,
            "container": facts.container,
            "compiler": facts.compiler,
            "version": facts.version,
            "cxxstd": facts.cxxstd,
            "image": image,
            "why": why,
        })
    })
}
