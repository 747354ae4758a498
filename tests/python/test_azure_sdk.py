"""Microsoft's own Python clients read the simulator: same resources, every page to the end.

Run by scripts/test. By hand:
    cargo build --release --example serve_simulator
    pip install -r tests/python/requirements.txt
    python -m unittest discover tests/python
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESOURCES = 3210
SUBSCRIPTIONS = 3


class FakeToken(SansIOHTTPPolicy):
    """Signs requests in over plain HTTP, which Microsoft's own policy refuses to do."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer fake"


class NoCredential:
    """Stands where a credential must; the policy above signs in without it."""

    def get_token(self, *scopes, **options):
        raise AssertionError("the client asked for a token")


def simulator_binary():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    default = target / "release" / "examples" / "serve_simulator"
    return pathlib.Path(os.environ.get("ATG_SIMULATOR", default))


class AzureSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        ids = pathlib.Path(cls.folder.name) / "ids"
        cls.server = subprocess.Popen(
            [simulator_binary(), "--resources", str(RESOURCES), "--subscriptions",
             str(SUBSCRIPTIONS), "--ids", ids],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.stop)
        cls.url = cls.server.stdout.readline().strip()
        assert cls.url, f"{simulator_binary()} ended without naming its address; see its error above"
        lines = [cls.server.stdout.readline() for _ in range(SUBSCRIPTIONS)]
        cls.subscriptions = [line.split()[1] for line in lines]
        cls.expected = set(ids.read_text().split("\n")) - {""}

    @classmethod
    def stop(cls):
        cls.server.stdin.close()  # which ends the simulator
        try:
            cls.server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            cls.server.kill()
            cls.server.wait()
        cls.server.stdout.close()

    def client_options(self):
        return {"base_url": self.url, "authentication_policy": FakeToken(),
                "credential_scopes": ["unused"]}

    def resource_client(self, subscription):
        return ResourceManagementClient(NoCredential(), subscription, **self.client_options())

    def test_the_oracle_holds_every_resource(self):
        self.assertEqual(len(self.expected), RESOURCES)

    def test_resource_manager_lists_every_resource_to_the_end(self):
        found = []
        for subscription in self.subscriptions:
            client = self.resource_client(subscription)
            found += [one.id.lower() for one in client.resources.list()]
        self.assertEqual(len(found), RESOURCES)
        self.assertEqual(set(found), self.expected)

    def test_resource_groups_are_listed_and_hold_their_resources(self):
        client = self.resource_client(self.subscriptions[0])
        groups = list(client.resource_groups.list())
        self.assertGreater(len(groups), 5)
        listed = [one.id.lower() for one in client.resources.list_by_resource_group(groups[0].name)]
        prefix = groups[0].id.lower() + "/"
        self.assertEqual(set(listed), {one for one in self.expected if one.startswith(prefix)})

    def test_one_resource_is_read_by_its_id(self):
        wanted = sorted(self.expected)[7]
        one = self.resource_client(self.subscriptions[0]).resources.get_by_id(
            wanted, api_version="2023-01-01")
        self.assertEqual(one.id.lower(), wanted)
        self.assertTrue(one.properties)

    def test_resource_graph_pages_to_the_end(self):
        client = ResourceGraphClient(NoCredential(), **self.client_options())
        found, token = [], None
        while True:
            options = QueryRequestOptions(top=1000, skip_token=token, result_format="objectArray")
            request = QueryRequest(query="resources | order by id asc", options=options)
            answer = client.resources(request)
            found += [row["id"].lower() for row in answer.data]
            token = answer.skip_token
            if not token:
                break
        self.assertEqual(answer.total_records, RESOURCES)
        self.assertEqual(len(found), RESOURCES)
        self.assertEqual(set(found), self.expected)


if __name__ == "__main__":
    unittest.main()
