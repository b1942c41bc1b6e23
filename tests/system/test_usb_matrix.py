"""The same image through every link and every probe model: equal contents and the same plan. Probes
that cannot reach access port 1 say so (15) and do a RAM round trip where the core is on port 0."""

import shlex
import shutil
import unittest

import harness

BUS_PROGRAM = harness.VBOARD.with_name("xflash-vboard-usb")
ST_LINKS = ("v2", "v2-1", "v3", "v3-nomsd")
OLD_ST_LINKS = ("v2-j24", "v3-j2")
CMSIS_DAPS = ("dap1", "dap2-fs", "dap2")
# Where libstlink's tables end the native link takes over: not another way.
LINKS = {"v2": ("libusb", "libstlink"), "v2-1": ("libusb", "libstlink"),
         "v3": ("libusb", "libstlink")}
IMAGE_BYTES = 20000


@unittest.skipUnless(BUS_PROGRAM.exists() and shutil.which("umockdev-wrapper"), "no umockdev")
class Matrix(harness.BoardTest):
    def setUp(self):
        super().setUp()
        self.plain = dict(self.env)

    def tearDown(self):
        self.env = dict(self.plain)
        super().tearDown()

    def plug(self, board, model):
        self.unplug()
        lines = self.sim("start", board, "--usb", "--pace", "virtual", "--probe",
                         model).out.splitlines()
        self.env["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        for line in lines[1:]:
            name, value = shlex.split(line)[1].split("=", 1)
            self.env[name] = value

    def unplug(self):
        """The next one is as from the factory."""
        self.env = dict(self.plain)
        self.sim("stop", "--all")
        shutil.rmtree(self.sim_dir, ignore_errors=True)

    def run_on(self, board, selector, *words, exit=0):
        return self.xflash_plain("-b", board, "-p", selector, *words, exit=exit, timeout=600)

    def plan(self, result):
        record = result.record("plan")
        return {key: record[key] for key in ("erase", "write", "keep", "record")}

    def test_the_same_image_through_every_link(self):
        path = self.write("image.bin", self.random_bytes(IMAGE_BYTES, 11))
        image = path.read_bytes()
        expected = self.plan(self.xflash("--json", "program", f"{path}@0x70000064"))
        self.unplug()
        self.assertEqual(expected["write"], IMAGE_BYTES)
        ways = 0
        for model in ST_LINKS + CMSIS_DAPS:
            for link in LINKS.get(model, ("auto",)):
                with self.subTest(model=model, link=link):
                    self.plug(self.board, model)
                    result = self.run_on(self.board, f"{link}:usb:1-1", "--json", "program",
                                         f"{path}@0x70000064")
                    self.assertTrue(result.record("result")["verified"])
                    self.assertEqual(self.plan(result), expected)
                    self.assertEqual(self.flash(0, 100 + IMAGE_BYTES + 100),
                                     b"\xff" * 100 + image + b"\xff" * 100)
                    self.assert_clean()
                    ways += 1
        self.assertEqual(ways, 10)

    def test_a_ram_round_trip_where_the_core_is_on_access_port_0(self):
        for model in ST_LINKS + OLD_ST_LINKS + CMSIS_DAPS:
            with self.subTest(model):
                self.plug("h750-bare", model)
                result = self.run_on("h750-bare", "usb:1-1", "--json", "bench", "--size", "64K")
                rows = {row["what"]: row for row in result.records("bench")}
                self.assertEqual(rows["write"]["size"], 2 * 65536, rows)
                self.assertTrue(result.record("result")["ok"])

    def test_others_are_refused_with_what_to_do(self):
        for model in OLD_ST_LINKS:
            with self.subTest(model):
                self.plug(self.board, model)
                result = self.run_on(self.board, "usb:1-1", "info", exit=15)
                self.assertIn("too old for access port 1", result.err)


if __name__ == "__main__":
    harness.main()
