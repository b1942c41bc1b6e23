"""The command line itself: help, errors, options and where their values come from."""

import json
import re

import harness
from harness import SOURCE


class Help(harness.BoardTest):
    def test_help_names_every_command_that_exists(self):
        text = self.xflash_plain("help").out
        for command in ("program", "erase", "verify", "read", "blank", "info", "run", "log", "boot",
                        "test", "reset", "halt", "list", "board", "sim", "version"):
            self.assertRegex(text, rf"\n  {command} ")

    def test_each_command_has_help(self):
        for command in ("program", "erase", "boot", "run", "read"):
            self.assertIn(f"usage: xflash {command}", self.xflash_plain("help", command).out)
            self.assertIn(f"usage: xflash {command}", self.xflash_plain(command, "--help").out)

    def test_aliases(self):
        self.assertIn("usage: xflash program", self.xflash_plain("help", "flash").out)

    def test_error_table_is_complete_and_unique(self):
        rows = self.xflash_plain("help", "errors").out.splitlines()[1:]
        codes = {int(row.split()[0]) for row in rows}
        names = [row.split()[1] for row in rows]
        self.assertEqual(len(names), len(set(names)))
        contract = {0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 30, 31, 32, 33,
                    40, 41, 42, 43, 50, 51, 52, 60, 61, 70, 130, 143}
        self.assertEqual(codes, contract)

    def test_version(self):
        self.assertRegex(self.xflash_plain("--version").out, r"^xflash \d+\.\d+")

    def test_later_commands_say_so(self):
        for command in ("doctor", "batch", "export", "import", "ob"):
            self.assertIn("not in this version", self.xflash_plain(command, exit=2).err)
        self.assertIn("not in this version", self.xflash_plain("board", "new", exit=2).err)
        for words in (["test", "--psram"], ["info", "--trace", "x.json"]):
            self.assertRegex(self.xflash_plain("-p", "sim:nucleo-h7s3l8", *words, exit=2).err,
                             "not in this version|later")


class Usage(harness.BoardTest):
    def test_unknown_command_and_option(self):
        self.assertIn("no command", self.xflash_plain("proggram", exit=2).err)
        self.assertIn("--bogus", self.xflash_plain("info", "--bogus", exit=2).err)

    def test_options_of_other_tools_get_the_spelling_used_here(self):
        self.assertIn("--board", self.xflash_plain("info", "--chip", "x", exit=2).err)
        self.assertIn("--connect under-reset",
                      self.xflash_plain("info", "--connect-under-reset", exit=2).err)
        self.assertIn("FILE@ADDRESS",
                      self.xflash_plain("program", "--base-address", "1", exit=2).err)
        self.assertIn("--board", self.xflash_plain("program", "-el", "x.stldr", exit=2).err)

    def test_option_that_does_not_apply(self):
        self.assertIn("does not apply", self.xflash_plain("info", "--erase", "chip", exit=2).err)

    def test_bad_values(self):
        for words in (["--speed", "fast"], ["--timeout", "soon"], ["--connect", "gently"]):
            self.xflash_plain("info", *words, exit=2)

    def test_json_error_is_a_record_and_a_result(self):
        result = self.xflash_plain("--json", "info", "--connect", "gently", exit=2)
        self.assertEqual(result.records()[-1]["type"], "result")
        self.assertEqual(result.record("error")["code"], "usage")


class Sources(harness.BoardTest):
    def test_project_file_is_found_upward_and_the_command_line_wins(self):
        (self.work / "xflash.json").write_text(json.dumps({"board": "nucleo-h7s3l8"}))
        deeper = self.work / "a" / "b"
        deeper.mkdir(parents=True)
        self.work = deeper
        self.assertIn("nucleo-h7s3l8", self.xflash_plain("board", "show").out)
        self.env["XFLASH_BOARD"] = "no-such-board"
        self.assertIn("no-such-board", self.xflash_plain("board", "show", exit=4).err)
        self.xflash_plain("-b", "nucleo-h7s3l8", "board", "show")

    def test_consent_is_refused_in_files(self):
        for key, value in (("yes", True), ("no-verify", True), ("erase", "chip")):
            (self.work / "xflash.json").write_text(json.dumps({key: value}))
            self.assertIn("command line", self.xflash_plain("board", "list", exit=4).err)

    def test_unknown_key_in_a_file_gives_place_and_suggestion(self):
        (self.work / "xflash.json").write_text('{\n  "bord": "x"\n}')
        text = self.xflash_plain("board", "list", exit=4).err
        self.assertRegex(text, r"xflash\.json:2:\d+")
        self.assertIn("board", text)

    def test_verbose_prints_sources(self):
        self.env["XFLASH_PROBE"] = "sim:nucleo-h7s3l8"
        text = self.xflash_plain("-v", "info").err
        self.assertRegex(text, r"probe .*environment")

    def test_board_commands_need_no_probe(self):
        self.assertIn("nucleo-h7s3l8", self.xflash_plain("board", "list").out)
        self.assertIn("PN6", self.xflash_plain("board", "show", "nucleo-h7s3l8").out)
        self.xflash_plain("board", "lint", "nucleo-h7s3l8")

    def test_user_board_file_works_from_any_folder(self):
        text = (SOURCE / "boards" / "nucleo-h7s3l8.json").read_text()
        (self.work / "mine.json").write_text(text.replace('"nucleo-h7s3l8"', '"my-board"'))
        self.xflash_plain("board", "lint", "mine.json")


class Exposure(harness.BoardTest):
    def test_no_text_names_this_machine(self):
        text = self.xflash_plain("help").out + self.xflash_plain("help", "options").out
        self.assertIsNone(re.search(r"/home/|/root/", text))


if __name__ == "__main__":
    harness.main()
