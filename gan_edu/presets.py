"""Settings with names: trainings that show one thing every time, for labs, notebooks, tests and the command line.

The two collapses are different diseases. A slow discriminator is chased round the ring for ever; a strong one cuts
modes off and then nothing moves. Equal learning rates with beta1 = 0.5 usually cover the ring: collapse is no
accident that happens by itself, its causes have to be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A game and training settings, written as on the command line.

    Args:
        target: Such as `ring` or `ring:modes=5`.
        game: Such as `gan` or `gan:width=32`.
        remedies: Such as `packing:pack=2`, the innermost first.
        settings: As for `gan_edu.training.train`.
        steps: Generator updates after which the phenomenon has shown itself.
        lab: The lab whose menu offers it.
    """

    target: str = "ring"
    game: str = "gan"
    remedies: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 2000
    lab: str = "collapse"

    def make(self) -> Any:
        """The game that this preset plays."""
        from gan_edu import catalogue

        game = catalogue.parse(self.game, "games", target=catalogue.parse(self.target, "data"))
        return catalogue.around(game, self.remedies)


_ON_A_LINE: dict[str, Any] = {"learning_rate": 1e-3, "optimizer": "adam:beta1=0.5"}


def _on_a_line(mean: float, loss: str, k: int, steps: int) -> Preset:
    """One Gaussian, k discriminator steps, and a generator of one number, whose density can be worked out."""
    return Preset(
        target=f"line:means=[{mean}],stds=[0.5]",
        game=f"gan:generator_loss={loss},width=32,latent_dim=1,activation=tanh",
        settings={**_ON_A_LINE, "dynamics": f"alternating:discriminator_steps={k}"},
        steps=steps,
        lab="one_dimensional",
    )


def _compared(settings: Mapping[str, Any], *remedies: str, steps: int) -> Preset:
    """Small networks and batches: comparing all pairs of a batch takes time."""
    return Preset(
        game="gan:width=32",
        remedies=remedies,
        settings={"batch_size": 64, **settings},
        steps=steps,
        lab="closeness",
    )


_COMPARING = "minibatch_discrimination:kernels=8,kernel_dim=2"
_SLOW_D: dict[str, Any] = {
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 3e-4,
    "optimizer": "adam:beta1=0.5",
}
_STRONG_D: dict[str, Any] = {
    "learning_rate": 1e-3,
    "optimizer": "adam:beta1=0",
    "dynamics": "alternating:discriminator_steps=8",
}
_FROZEN: dict[str, Any] = {
    "learning_rate": 1e-3,
    "optimizer": "adam:beta1=0",
    "dynamics": "alternating:discriminator_steps=5",
    "batch_size": 256,
}


def _matching(settings: Mapping[str, Any], game: str = "gan", below: int = 1, steps: int = 2000) -> Preset:
    """Feature matching, with settings that collapse without it."""
    remedy = f"feature_matching:below={below}"
    return Preset(game=game, remedies=(remedy,), settings=settings, steps=steps, lab="features")


def _several(game: str) -> Preset:
    """Several generators on the ring; such a game brings its own settings."""
    return Preset(game=game, steps=500, lab="generators")


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "rotating": Preset(settings=_SLOW_D),
        "frozen": Preset(settings=_FROZEN, steps=600),
        "covering": Preset(settings={"learning_rate": 1e-3, "optimizer": "adam:beta1=0.5"}, steps=4000),
        "stabilised": Preset(
            remedies=("virtual_batch_norm", "label_smoothing:real=0.9", "historical_averaging:strength=0.1"),
            settings=_SLOW_D,
        ),
        "unrolled": Preset(
            remedies=("unrolled:steps=5,learning_rate=0.02,optimizer=sgd",),
            settings={**_SLOW_D, "batch_size": 64},
            steps=400,
        ),
        "approach": _on_a_line(2.0, "non_saturating", k=10, steps=800),
        "lagging": _on_a_line(2.0, "non_saturating", k=1, steps=800),
        "vanishing": _on_a_line(5.0, "minimax", k=20, steps=300),
        "batches": _compared(_SLOW_D, _COMPARING, steps=1000),
        "one_by_one": _compared(_SLOW_D, steps=1000),
        "compared_by_a_strong_d": _compared(_STRONG_D, _COMPARING, steps=400),
        "rescued": _on_a_line(5.0, "non_saturating", k=20, steps=300),
        "matching": _matching(_SLOW_D),
        "matching_strong_d": _matching(_FROZEN, steps=600),
        "matching_first_layer": _matching(
            {**_SLOW_D, "batch_size": 64}, game="gan:width=32,depth=3", below=3
        ),
        "mad": _several("mad_gan"),
        "isolated": _several("mad_gan:classify=False"),
        "few": _several("mad_gan:generators=4"),
        "similar": _several("mad_gan_sim"),
        "one_generator": _several("mad_gan:generators=1"),
        "twenty_five": Preset(
            target="grid:spacing=0.707,std=0.0353",
            game="gan:width=64,depth=3,latent_dim=2",
            settings={"learning_rate": 1e-3, "optimizer": "adam:beta1=0.5", "batch_size": 256},
            steps=12_000,
            lab="trained_samplers",
        ),
        "matching_untrained": _matching({**_SLOW_D, "dynamics": "alternating:discriminator_steps=0"}),
    }
)
