# %% [markdown]
# # What do the indicators of a morning look like, and do new accounts differ from those that were there?
#
# Data: the newest published morning of `account_features` in the lake of this environment (`RISKVANE_HOME`,
# `RISKVANE_ENV`); the next cell prints it. Opens as a notebook where cells of a text file are known (Jupytext, VS
# Code, PyCharm), and runs as `python notebooks/features_of_a_morning.py`. Figures show shares of many, never a row.

# %%
import matplotlib.pyplot as plt

from conf.scenarios import load_scenario
from conf.settings import load_settings
from jobs.loaders import load_features
from jobs.normals import peers_of
from lake.reader import days_of

TABLE = "account_features"
INDICATORS = ["in_count_7d", "in_amount_7d", "payer_count_7d", "night_share_7d", "account_age"]
settings = load_settings()
as_of = days_of(settings, TABLE)[0]
print(TABLE, as_of)

# %% [markdown]
# ## The indicators and what they mean

# %%
features = load_features(settings, TABLE, as_of, columns=INDICATORS)
rows = features.frame
for name, about in features.dictionary.items():
    print(f"{name}: {about['en']} ({about['zh']}), {about['unit']}, version {about['version']}")

# %% [markdown]
# ## Quantiles by population
#
# New means what the scenario `account_monitoring` means by it: opened on one of so many days before the morning.

# %%
new_days = load_scenario("account_monitoring").new_days
rows["population"] = (rows.account_age <= new_days).map({True: "new", False: "existing"})
shown = [name for name in INDICATORS if name != "account_age"]
quantiles = rows.groupby("population")[shown].quantile([0.5, 0.9, 0.99]).unstack(level=0)
print(quantiles.to_string())
print(rows.groupby("population")[shown].agg(lambda values: values.isna().mean()).to_string())


# %%
def plot_by_population(name):
    """The share of each population that lies below a value; the axis is linear near zero, then logarithmic."""
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for population, values in rows.groupby("population")[name]:
        known = values.dropna().sort_values()
        axes.step(known, [(n + 1) / len(known) for n in range(len(known))], where="post", label=population)
    axes.set(title=features.dictionary[name]["en"], xlabel=features.dictionary[name]["unit"], ylabel="share")
    if features.dictionary[name]["unit"] != "ratio":
        axes.set_xscale("symlog")
    axes.legend()
    return figure


figures = {name: plot_by_population(name) for name in shown}
plt.show()

# %% [markdown]
# ## What is usual among peers
#
# The table `account_normals` of the same morning, for the classes of the first thousand subjects.

# %%
peers = peers_of(settings, TABLE, as_of, rows.subject_id[:1000]).to_pandas()
usual = peers[peers.indicator.isin(shown)].drop_duplicates(["peer_class", "indicator"])
print(usual.pivot(index="peer_class", columns="indicator", values=["median", "p90"]).to_string())
