"""The slow tables of monitoring: streams, sites, estimates without outcomes, causes, readers, exclusions."""

from __future__ import annotations

from attribution_table import attribution
from covariate_stream import covariate_stream
from domain_table import domain_shift
from exclusion_intervals import exclusion_intervals
from label_free import label_free
from label_streams import label_streams
from reader_intervals import reader_intervals
from whole_site import whole_site

MONITORING_TABLES = {
    "covariate_stream": covariate_stream,
    "label_streams": label_streams,
    "whole_site": whole_site,
    "label_free": label_free,
    "attribution": attribution,
    "domain_shift": domain_shift,
    "reader_intervals": reader_intervals,
    "exclusion_intervals": exclusion_intervals,
}
