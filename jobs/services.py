"""Airflow's services, or the model registry's page, on this machine's loopback until Ctrl-C.

`python -m jobs.services airflow` (make airflow), `python -m jobs.services mlflow` (make mlflow).
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from conf.errors import RiskvaneError
from conf.settings import Settings, load_settings
from jobs.airflow import HOST, PORT, airflow_environment, only_one, set_up, sigterm_as_exit, stop_group

MLFLOW_PORT = 5000
AIRFLOW_SERVICES = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    # its log server would listen on every address; the page reads the log files of this machine itself
    "scheduler": ("scheduler", "--skip-serve-logs"),
}
START_SECONDS = 300


def serve_airflow(settings: Settings) -> None:
    """Start Airflow's services, say where they are, and wait; stops all of them when one ends."""
    with only_one(settings, "the services of Airflow"):
        set_up(settings)  # a database that an embedded run made has no pool, and tasks would wait for ever
        passwords = settings.airflow_home / "simple_auth_manager_passwords.json.generated"
        environment = airflow_environment(settings) | {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords)
        }
        commands = {name: [sys.executable, "-m", "airflow", *call] for name, call in AIRFLOW_SERVICES.items()}
        page = f"http://{HOST}:{PORT}"

        def welcome() -> None:
            password = json.loads(passwords.read_text())["admin"]
            passwords.chmod(0o600)
            print(f"Airflow   {page}   user admin, password {password}")
            print(
                "DAGs are paused until you switch them on; a DAG that is switched on starts today's morning."
            )

        _serve(
            commands, environment, settings.airflow_home / "logs", f"{page}/api/v2/monitor/health", welcome
        )


def serve_mlflow(settings: Settings) -> None:
    """Start the MLflow server over the registry of these settings, say where it is, and wait."""
    page = f"http://{HOST}:{MLFLOW_PORT}"
    # The server's own job runners serve nothing that we use.
    environment = airflow_environment(settings) | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    call = f"server --host {HOST} --port {MLFLOW_PORT} --workers 1 --backend-store-uri".split()
    command = [sys.executable, "-m", "mlflow", *call, settings.mlflow_uri]
    command += ["--default-artifact-root", settings.mlflow_artifacts.as_uri()]
    _serve(
        {"mlflow": command}, environment, settings.home / "build" / "logs", f"{page}/health",
        lambda: print(f"MLflow    {page}"),
    )  # fmt: skip


def _serve(
    commands: dict[str, list[str]],
    environment: dict[str, str],
    logs: Path,
    health: str,
    welcome: Callable[[], None],
) -> None:
    if _answers(health):
        raise RiskvaneError(f"something answers at {health} already; stop it first")
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(sigterm_as_exit())
        processes = {}
        for name, command in commands.items():
            log = stack.enter_context((logs / f"{name}.log").open("ab"))
            processes[name] = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(stop_group, processes[name])
        deadline = monotonic() + START_SECONDS
        while not _answers(health):
            _all_alive(processes, logs)
            if monotonic() > deadline:
                raise RiskvaneError(f"no answer from {health} within {START_SECONDS} s; see {logs}")
            sleep(0.5)
        welcome()
        print(f"Logs      {logs}\nStop with Ctrl-C.", flush=True)
        while True:
            _all_alive(processes, logs)
            sleep(1)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def _all_alive(processes: dict[str, subprocess.Popen], logs: Path) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise RiskvaneError(f"{name} ended with {process.returncode}; see {logs / f'{name}.log'}")


def main(service: str) -> int:
    """Serve until Ctrl-C; returns the exit code."""
    serve = {"airflow": serve_airflow, "mlflow": serve_mlflow}[service]
    try:
        serve(load_settings())
    except KeyboardInterrupt:
        print(f"\n{service} stopped")
        return 0
    except RiskvaneError as error:
        print(f"{service}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
