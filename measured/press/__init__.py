"""From a report's folder to its published site: plan, rehearse, measure, keep, publish."""
