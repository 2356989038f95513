#!/usr/bin/env bash
# Everything Riskvane needs on this machine. Each part is made once and again only when what it is made from
# changes (its hash lies in build/setup), so a second call takes no time and no network.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/setup
exec 9>build/setup/lock
flock 9 # two calls at once: the second waits, then finds all done

say() { echo "set-up: $*"; }
fail() {
  echo "set-up failed: $*" >&2
  exit 1
}

# needs PART RESULT INPUT...: is PART to be made, because RESULT is missing or an INPUT has changed?
needs() {
  part=$1
  key=$(cat "${@:3}" | sha256sum)
  [[ ! -e $2 || $(cat "build/setup/$part" 2>/dev/null) != "$key" ]]
}
made() { echo "$key" >"build/setup/$part"; }

good_python() {
  "$1" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}
find_python() {
  for python in python3.11 python3.12 python3.13 python3; do
    if good_python "$python"; then echo "$python" && return; fi
  done
  return 1
}
has_java() {
  [[ $("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p') -ge 17 ]] 2>/dev/null
}
has_gomp() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'libgomp\.so\.1'; }

# --- what the operating system gives
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if [[ ! -e build/setup/system ]] || ! command -v "$java" >/dev/null || ! command -v ps >/dev/null; then
  wanted=()
  has_java || wanted+=(openjdk-17-jre-headless)
  has_gomp || wanted+=(libgomp1)
  command -v ps >/dev/null || wanted+=(procps)
  [[ -x .venv/bin/python ]] || find_python >/dev/null || wanted+=(python3 python3-venv)
  if ((${#wanted[@]})); then
    [[ $(id -u) == 0 && -x /usr/bin/apt-get ]] ||
      fail "this machine lacks ${wanted[*]}; run: sudo apt-get install ${wanted[*]} (or your system's counterpart)"
    say "installing ${wanted[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
    # A newer Debian calls its Java otherwise, an older one has too old a Python: say so now, not at the first run.
    has_java || fail "Java is still older than 17 after installing ${wanted[*]}; set JAVA_HOME to Java 17 or newer"
  fi
  touch build/setup/system
fi

# --- Python packages: exactly the hashed set of requirements/lock.txt
if [[ ! -x .venv/bin/python ]] || needs uv build/uv/bin/uv requirements/bootstrap.txt; then
  python=$(find_python) || fail "wanted Python 3.11 to 3.13 with venv, found none; install it, then: make setup"
  needs uv build/uv/bin/uv requirements/bootstrap.txt && {
    say "uv, the installer"
    "$python" -m venv --clear build/uv
    build/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
    made
  }
  [[ -x .venv/bin/python ]] || {
    rm -f build/setup/packages build/setup/project
    build/uv/bin/uv venv --quiet --python "$python" .venv
  }
fi
if needs packages .venv/bin/ruff requirements/lock.txt; then
  say "Python packages (some minutes the first time)"
  build/uv/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements/lock.txt
  rm -f build/setup/project # sync has removed it
  made
fi
if needs project .venv/bin/riskvane setup.cfg pyproject.toml; then
  build/uv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation \
    --config-settings editable_mode=compat --editable .
  made
fi

# --- what Spark, pseudonyms and Airflow need
export PATH=$PWD/.venv/bin:$PATH RISKVANE_HOME=${RISKVANE_HOME:-$PWD}
if needs jars build/jars conf/jars.lock conf/jars.py conf/spark.py; then
  python -m conf.jars
  made
fi
if needs keys build/keys privacy/keys.py; then
  python -c 'from conf.settings import load_settings; from privacy.keys import KeyRing; KeyRing.create(load_settings().keys)'
  made
fi
if needs airflow build/airflow/airflow.db requirements/lock.txt jobs/airflow.py; then
  say "Airflow's database"
  python -m jobs.airflow set-up
  made
fi
