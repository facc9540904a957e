"""Programs that a reader starts, made of the parts in `aigc_utils`, which knows nothing of them.

``python -m aigc_apps.prototype FOLDER`` goes from your own files to a generator, a report and a decision (notebook 20);
``python -m aigc_apps.serving`` answers wishes over HTTP (notebook 10b).
"""
