#!/usr/bin/env python3
"""A device as an ESP32 with MicroPython would be one: raw readings over NATS, and not a line of nimmer.

It speaks NATS' text protocol over a plain socket (CONNECT, PUB, PING, PONG) and sends what its sensors measure, one
message per sensor and turn. What the numbers mean is the village's business. On a real board `measure` reads pins,
`entropy` is `os.urandom` as here, and the rest stays as it is.

    DEVICE_PASSWORD=... scripts/examples/esp32.py --url nats://127.0.0.1:4222 --device greenhouse-1
    scripts/examples/esp32.py --url ... --password-file secret --sensor distance_front --hz 10 --for 30

The password comes from a file or the environment, never from the command line, where everybody could read it.
Protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol; messages: docs/bus.md, docs/cells.md.
"""

import argparse
import json
import math
import os
import socket
import sys
import time

PASSWORD = "DEVICE_PASSWORD"
SENSORS = ("distance_front", "battery_monitor", "light_sensor", "imu_sensor", "motor_left")


def measure(sensor: str, at_s: float) -> dict[str, float]:
    """Return the raw numbers of `sensor` after `at_s` seconds; a board would read its pins here."""
    if sensor.startswith("distance_"):
        cm = 60.0 + 45.0 * math.cos(at_s)  # somebody walks up to it and away again
        return {"echo_us": round(58.0 * cm)}
    if sensor == "battery_monitor":
        return {"millivolts": max(3300, 4100 - round(at_s)), "charging": 0}
    if sensor == "light_sensor":
        return {"lux": round(300.0 + 20.0 * math.sin(at_s / 10.0), 1)}
    if sensor == "imu_sensor":
        return {"ax": 120, "ay": -80, "az": 16300, "gz": round(131.0 * math.sin(at_s)), "dt_ms": 100}
    if sensor.startswith("motor_"):
        return {"target_pps": 200, "actual_pps": 196, "current_ma": 250, "supply_mv": 4900}
    raise SystemExit(f"esp32: {sensor} is no sensor of this board; it has {', '.join(SENSORS)}")


def uuid4() -> str:
    """Return a fresh message id; MicroPython has no uuid module."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def stamp(unix_s: float) -> str:
    """Return the time as the header carries it; a board's clock may be wrong, the village does not rely on it."""
    year, month, day, hour, minute, second = time.gmtime(unix_s)[:6]
    millisecond = int(unix_s * 1000) % 1000
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"


def message(
    device: str, sensor: str, raw: dict[str, float], sequence: int, uptime_ms: int, now_s: float
) -> bytes:
    """Return one reading as it travels."""
    source = {"entity_id": f"device.{device}.{sensor}", "entity_type": "boundary"}
    header = {
        "message_id": uuid4(),
        "message_type": "DeviceReading",
        "version": "2.0",
        "timestamp": stamp(now_s),
        "source": source,
    }
    body = {
        "device": device,
        "sensor": sensor,
        "raw": raw,
        "sequence": sequence,
        "uptime_ms": uptime_ms,
    }
    return json.dumps({"header": header, "body": body}).encode()


class Board:
    """One connection to the broker."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in. Raises OSError when there is no broker, SystemExit when it refuses us."""
        host, _, port = url.split("//")[-1].rstrip("/").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 10.0)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()  # INFO
        login = {
            "verbose": False,
            "pedantic": False,
            "user": user,
            "pass": password,
            "lang": "by hand",
            "version": "1",
        }
        self.socket.sendall(f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode())
        self.settle()

    def publish(self, subject: str, payload: bytes) -> None:
        """Hand over one message."""
        self.socket.sendall(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\nPING\r\n")
        self.settle()

    def settle(self) -> None:
        """Read until the broker has answered our PING; answer its own. A line -ERR ends the program."""
        while True:
            line = self.lines.readline().decode().strip()
            if line == "PONG":
                return
            if line == "PING":
                self.socket.sendall(b"PONG\r\n")
            elif line.startswith("-ERR") or not line:
                raise SystemExit(f"esp32: the broker says {line or 'nothing more'}")


def password_of(path: str | None) -> str:
    """Return the password from the file or the environment."""
    if path:
        try:
            with open(path) as file:  # noqa: PTH123  MicroPython has no pathlib
                return file.read().strip()
        except OSError as error:
            raise SystemExit(f"esp32: --password-file {path}: {error.strerror}") from None
    found = os.environ.get(PASSWORD, "")
    if not found:
        raise SystemExit(
            f"esp32: give --password-file or set {PASSWORD}; nimmer bus credentials -i device shows it"
        )
    return found


EXAMPLES = """examples:
  DEVICE_PASSWORD=... esp32.py --url nats://127.0.0.1:4222 --device greenhouse-1
  esp32.py --url ... --password-file secret --sensor distance_front --hz 10 --for 30
  esp32.py --url ... --sensor light_sensor --hz 500 --for 5       a flood
  esp32.py --url ... --clock-off -3600                            a clock an hour late
"""


def wishes(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line; what makes no sense ends the program, saying why."""
    parser = argparse.ArgumentParser(
        description="A device that tells raw readings on the bus.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", default="nats://127.0.0.1:4222", help="where the broker listens")
    parser.add_argument("--user", default="device")
    parser.add_argument("--password-file", help=f"file with the password; else the variable {PASSWORD}")
    parser.add_argument("--environment", default="dev", help="dev, staging or prod")
    parser.add_argument("--device", default="greenhouse-1", help="its name")
    parser.add_argument("--sensor", action="append", help="may be repeated; all of the board's without it")
    parser.add_argument("--hz", type=float, default=5.0, help="readings of each sensor a second, above 0")
    parser.add_argument(
        "--for", type=float, default=math.inf, dest="for_s", help="seconds; for ever without it"
    )
    parser.add_argument("--clock-off", type=float, default=0.0, help="by how many seconds its clock is wrong")
    options = parser.parse_args(arguments)
    if not options.hz > 0.0:
        parser.error(f"--hz is {options.hz:g}; it must be above 0")
    options.sensor = options.sensor or list(SENSORS)
    for sensor in options.sensor:
        measure(sensor, 0.0)
    return options


def run(options: argparse.Namespace) -> None:
    """Tell readings until the time is over."""
    board = Board(options.url, options.user, password_of(options.password_file))
    sensors = options.sensor
    subject = f"{options.environment}.nervous.devices.{options.device}.reading"
    start_s = time.monotonic()
    turn = 0
    while (uptime_s := time.monotonic() - start_s) < options.for_s:
        for sensor in sensors:
            raw = measure(sensor, uptime_s)
            now_s = time.time() + options.clock_off
            board.publish(subject, message(options.device, sensor, raw, turn, int(uptime_s * 1000), now_s))
        turn += 1
        time.sleep(max(0.0, start_s + turn / options.hz - time.monotonic()))
    print(f"{options.device}: {turn} readings of each of {len(sensors)} sensors sent")


def main(arguments: list[str]) -> None:
    """Run by the command line; what fails is one line."""
    options = wishes(arguments)
    try:
        run(options)
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, ValueError) as error:
        sys.exit(
            f"esp32: {options.url}: {error}; --url is nats://HOST:PORT, as nimmer bus credentials -i device shows"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
