"""What a picture of a run shows, as arrays: computed here from a frame, drawn elsewhere.

A view looks at one run of one frame. It draws its own latent points and data from a seed of its own, so that the
same points are seen moving from frame to frame and looking never changes the training.

Axes: N samples, T frames, L lines, K points of a line.
"""

from gan_edu.views.densities import Densities, densities, push_forward, smooth_density
from gan_edu.views.over_time import CURVES, JUDGED, Cache, judge, metrics_over_time, sentence
from gan_edu.views.picture import scene
from gan_edu.views.plane import plane_scene, vector_field, what_is_seen
from gan_edu.views.pushes import pushes
from gan_edu.views.slow_motion import STAGES, stages_of_a_step

__all__ = [
    "CURVES",
    "JUDGED",
    "STAGES",
    "Cache",
    "Densities",
    "densities",
    "judge",
    "metrics_over_time",
    "plane_scene",
    "push_forward",
    "pushes",
    "scene",
    "sentence",
    "smooth_density",
    "stages_of_a_step",
    "vector_field",
    "what_is_seen",
]
