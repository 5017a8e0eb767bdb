"""How the real binary reaches an endpoint: TLS with the authorities it was told of, and proxies with NO_PROXY.

Servers are of this file and on loopback; certificates are made by the openssl command, for one run.
"""
import http.server
import os
import select
import socket
import ssl
import subprocess
import threading
import unittest

from harness import Home

ANSWER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/tls</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
NAME = "sts.reeve.test"  # resolved by nobody but our proxy


class Sts(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(f"{self.command} {self.path}")
        self.server.authorized.append(self.headers.get("Proxy-Authorization"))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def do_CONNECT(self):
        """A tunnel to the server that stands behind this proxy, whatever name was asked for."""
        self.server.seen.append(f"{self.command} {self.path}")
        self.server.authorized.append(self.headers.get("Proxy-Authorization"))
        self.close_connection = True
        if self.server.behind is None:
            return self.send_error(502)
        with socket.create_connection(self.server.behind) as other:
            self.send_response(200)
            self.end_headers()
            ways = {self.connection: other, other: self.connection}
            while True:
                for side in select.select(list(ways), [], [], 30)[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    ways[side].sendall(data)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that does not trust us hangs up


def serve(test, context=None, behind=None):
    server = Quiet(("127.0.0.1", 0), Sts)
    server.seen, server.authorized, server.behind = [], [], behind
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    test.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
    server.port = server.server_address[1]
    return server


class Transport(unittest.TestCase):
    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)

    def start(self, url, **env):
        clean = {name: None for base in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
                 for name in (base, base.upper())}
        return self.home.start("call", "sts", "GetCallerIdentity", env={**clean, "AWS_ENDPOINT_URL": url, **env})

    def ask(self, url, **env):
        return self.start(url, **env).end()

    def certificate(self, name):
        """A context with a certificate of its own authority, for localhost and NAME; and that authority's file."""
        key, file = (os.path.join(self.home.path, name + end) for end in (".key", ".pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", file, "-days", "2", "-subj", f"/CN={name}",
                        "-addext", f"subjectAltName=DNS:localhost,DNS:{NAME}"], check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key)
        return context, file

    def answered(self, ended):
        self.assertEqual(ended.code, 0, ended)
        self.assertEqual(ended.json["Account"], "123456789012", ended)

    def test_an_authority_that_was_named_is_trusted(self):
        context, file = self.certificate("ours")
        server = serve(self, context)
        self.answered(self.ask(f"https://localhost:{server.port}", AWS_CA_BUNDLE=file))
        self.assertEqual(server.seen, ["POST /"])

    def test_no_other_authority_and_no_other_name_is(self):
        context, ours = self.certificate("ours")
        _, other = self.certificate("other")
        server = serve(self, context)
        for host, bundle in (("localhost", other), ("localhost", None), ("127.0.0.1", ours)):
            ended = self.ask(f"https://{host}:{server.port}", AWS_CA_BUNDLE=bundle)
            self.assertNotEqual(ended.code, 0, ended)
            self.assertEqual(ended.out, "", ended)
            self.assertIn("TLS", ended.err)
            self.assertIn("AWS_CA_BUNDLE", ended.err)
        self.assertEqual(server.seen, [])

    def test_https_goes_through_a_tunnel(self):
        context, file = self.certificate("ours")
        server = serve(self, context)
        proxy = serve(self, behind=("127.0.0.1", server.port))
        self.answered(self.ask(f"https://{NAME}", AWS_CA_BUNDLE=file,
                               HTTPS_PROXY=f"http://us:a%20secret@127.0.0.1:{proxy.port}"))
        self.assertEqual(proxy.seen, [f"CONNECT {NAME}:443"])
        self.assertEqual(proxy.authorized, ["Basic dXM6YSBzZWNyZXQ="])
        self.assertEqual(server.seen, ["POST /"])
        self.assertEqual(server.authorized, [None], "the proxy's password is the proxy's")

    def test_http_is_forwarded(self):
        proxy = serve(self)
        self.answered(self.ask(f"http://{NAME}", HTTP_PROXY=f"http://127.0.0.1:{proxy.port}"))
        self.assertEqual(proxy.seen, [f"POST http://{NAME}:80/"])

    def test_no_proxy_goes_there_directly(self):
        # 0.0.0.0 is this machine, and other than 127.0.0.1 not excepted by itself.
        server, proxy = serve(self), serve(self)
        way = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.port}"}
        for excepted, direct in ((None, 0), ("example.com", 0), ("example.com,0.0.0.0", 1), ("*", 1)):
            server.seen.clear(), proxy.seen.clear()
            self.answered(self.ask(f"http://0.0.0.0:{server.port}", NO_PROXY=excepted, **way))
            self.assertEqual((len(server.seen), len(proxy.seen)), (direct, 1 - direct), excepted)

    def test_names_are_excepted_with_all_below_them(self):
        proxy = serve(self)
        way = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.port}"}
        self.answered(self.ask(f"http://{NAME}", NO_PROXY="other.test,eve.test", **way))  # not a domain above it
        self.assertEqual(len(proxy.seen), 1)

    def test_loopback_needs_no_proxy(self):
        server, proxy = serve(self), serve(self)
        self.answered(self.ask(f"http://127.0.0.1:{server.port}", HTTP_PROXY=f"http://127.0.0.1:{proxy.port}"))
        self.assertEqual((len(server.seen), proxy.seen), (1, []))

    def test_a_proxy_that_refuses_is_named(self):
        proxy = serve(self)
        ended = self.ask(f"https://{NAME}", HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        self.assertNotEqual(ended.code, 0, ended)
        self.assertIn("proxy", ended.err)


if __name__ == "__main__":
    unittest.main()
