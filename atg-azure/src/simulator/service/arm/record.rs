//! One resource or container by its id.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::super::answer::{Answer, Failure, answer, ok, set_header};
use super::super::call::Call;
use super::super::world::World;
use super::{group, subscription};
use crate::simulator::tenant::Face;

/// The namespaces whose answers carry an `ETag`.
const TAGGED: [&str; 3] = ["microsoft.network/", "microsoft.web/", "microsoft.storage/"];

/// The record at the call's path; for HEAD, only whether there is one.
pub(super) fn get(world: &World, call: &Call) -> Result<Answer, Failure> {
    let tenant = &world.tenant;
    let head = call.method == Method::HEAD;
    let mut body = String::new();
    let mut tagged = false;
    if let Some(index) = tenant.index_of(&call.path) {
        let resource_type = tenant.resource_type(index).to_ascii_lowercase();
        if world.access.denies_type(&resource_type) {
            return Err(Failure::denied(&call.path));
        }
        tagged = TAGGED.iter().any(|namespace| resource_type.starts_with(namespace));
        tenant.write_resource(index, Face::Get, &mut body);
    } else if let Some(container) = tenant.container_index_of(&call.path) {
        tenant.write_container(container, Face::Get, &mut body);
    } else {
        return Err(absent(world, call));
    }
    let tag = tagged.then(|| format!("W/\"{:x}\"", xxhash_rust::xxh3::xxh3_64(body.as_bytes())));
    let mut found = if head {
        answer(StatusCode::NO_CONTENT, "application/json; charset=utf-8", Bytes::new())
    } else {
        ok(body)
    };
    if let Some(tag) = tag {
        set_header(&mut found, "etag", &tag);
    }
    Ok(found)
}

/// What is missing: the subscription, the group or the resource.
fn absent(world: &World, call: &Call) -> Failure {
    let container = subscription(world, call)
        .and_then(|number| number.map_or(Ok(None), |number| group(world, call, number)));
    container.err().unwrap_or_else(|| {
        let message = format!("There is no resource at '{}'.", call.path);
        Failure::not_found("ResourceNotFound", message)
    })
}
